package steps_test

import (
	"testing"

	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

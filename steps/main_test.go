package steps_test

import (
	"testing"

	"matou/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

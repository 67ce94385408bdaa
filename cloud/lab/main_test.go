package lab

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"matou/cloud/leaktest"
)

// serveEnv makes this test's program serve a lab: its value is the folder and the name.
const serveEnv = "MATOU_TEST_LAB_SERVE"

func TestMain(m *testing.M) {
	Main()
	if dir, name, ok := strings.Cut(os.Getenv(serveEnv), "|"); ok {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := Serve(ctx, testOptions(Place{Dir: dir, Name: name}), nil); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	leaktest.Main(m)
}

func testOptions(p Place) Options {
	return Options{Place: p, Workshop: os.DirFS("testdata/workshop"), Label: "test"}
}

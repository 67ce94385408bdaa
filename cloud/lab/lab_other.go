//go:build !linux

package lab

import (
	"context"
	"fmt"
	"runtime"
)

// Main does nothing here.
func Main() {}

// Supported says why there is no lab here.
func Supported() error {
	return fmt.Errorf("%w: it needs Debian or Ubuntu, and this is %s; use the sandbox, or a Linux machine", ErrUnsupported, runtime.GOOS)
}

// Build fails, see [Supported].
func Build(context.Context, Options) error { return Supported() }

// Serve fails, see [Supported].
func Serve(context.Context, Options, func(Info)) error { return Supported() }

// Spawn fails, see [Supported].
func Spawn(context.Context, Place, []string) (Info, error) { return Info{}, Supported() }

// Down fails, see [Supported].
func Down(context.Context, Place) error { return Supported() }

// Machines fails, see [Supported].
func Machines(Place) ([]MachineState, error) { return nil, Supported() }

// Images fails, see [Supported].
func Images(Options) ([]Layer, error) { return nil, Supported() }

// Prune fails, see [Supported].
func Prune(context.Context, Options) ([]Layer, error) { return nil, Supported() }

// RemoveImages fails, see [Supported].
func RemoveImages(string) error { return Supported() }

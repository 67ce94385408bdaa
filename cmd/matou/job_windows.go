package main

import "errors"

// hasJobControl tells whether a suspended program can be brought back: Windows has no such thing.
func hasJobControl() bool { return false }

// suspend is refused: Windows has no such thing.
func suspend() error { return errors.ErrUnsupported }

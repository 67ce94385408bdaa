package main

// hasJobControl tells whether a suspended program can be brought back: Windows has no such thing.
func hasJobControl() bool { return false }

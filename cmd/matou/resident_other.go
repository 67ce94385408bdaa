//go:build !linux

package main

// forgetInit does nothing: only Linux is known to gain by it.
func forgetInit() {}

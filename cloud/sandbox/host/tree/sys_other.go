//go:build !unix

package tree

// Sys answers nil: there is nothing of this system behind a virtual file.
func (i Info) Sys() any { return nil }

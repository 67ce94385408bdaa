package tree

import "io/fs"

// Errno is an error of the tree, worded as strerror(3) does. It answers [errors.Is] for the
// matching error of io/fs.
type Errno string

// The errors of the tree.
const (
	ENOENT       Errno = "No such file or directory"
	EEXIST       Errno = "File exists"
	EACCES       Errno = "Permission denied"
	EPERM        Errno = "Operation not permitted"
	ENOTDIR      Errno = "Not a directory"
	EISDIR       Errno = "Is a directory"
	ENOTEMPTY    Errno = "Directory not empty"
	ENOSPC       Errno = "No space left on device"
	EINVAL       Errno = "Invalid argument"
	ELOOP        Errno = "Too many levels of symbolic links"
	ENAMETOOLONG Errno = "File name too long"
	EBADF        Errno = "Bad file descriptor"
	EBUSY        Errno = "Device or resource busy"
)

func (e Errno) Error() string { return string(e) }

// Is makes errors.Is(err, fs.ErrNotExist) and its like hold.
func (e Errno) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e == ENOENT
	case fs.ErrExist:
		return e == EEXIST || e == ENOTEMPTY
	case fs.ErrPermission:
		return e == EACCES || e == EPERM
	case fs.ErrInvalid:
		return e == EINVAL
	case fs.ErrClosed:
		return e == EBADF
	}
	return false
}

func pathError(op, p string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: p, Err: err}
}

package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"matou/cloud"
)

// maxIdentity bounds what a host may say about itself, and what its login shell says around it.
const maxIdentity = 64 << 10

// marker is a line nobody else writes. What a login shell prints before the command's own output
// (a greeting in .bashrc) ends there.
func marker() string {
	var b [12]byte
	rand.Read(b[:])
	return "matou-" + hex.EncodeToString(b[:])
}

// afterMarker returns what follows the marker's line.
func afterMarker(out []byte, mark string) ([]byte, bool) {
	_, rest, ok := bytes.Cut(out, []byte(mark))
	if !ok {
		return nil, false
	}
	rest = bytes.TrimPrefix(rest, []byte("\r"))
	return bytes.TrimPrefix(rest, []byte("\n")), true
}

// ReadFile returns a file's content. A file that is not there is fs.ErrNotExist, one that may not
// be read fs.ErrPermission, one longer than limit bytes [cloud.ErrTooLarge].
func (c *Conn) ReadFile(ctx context.Context, name string, limit int) ([]byte, error) {
	mark := marker()
	line := "printf '%s\\n' " + mark + "; LC_ALL=C cat -- " + Quote(name)
	// One byte more than asked for tells a longer file; the rest is room for the shell's noise.
	out, stderr, exit, err := c.capture(ctx, line, nil, limit+1+maxIdentity)
	if err == nil {
		var found bool
		if out, found = afterMarker(out, mark); !found && exit.OK() {
			err = fmt.Errorf("%w: %w", cloud.ErrDecode, cloud.Say(errors.New("the shell there printed something else"), "cause.shell-noise"))
		}
	}
	switch {
	case err != nil:
	case !exit.OK():
		err = fileError(exit, stderr)
	case len(out) > limit || exit.Dropped > 0:
		err = fmt.Errorf("%w: %w", cloud.ErrTooLarge, cloud.Say(fmt.Errorf("longer than %d bytes", limit), "cause.longer", "n", strconv.Itoa(limit)))
	default:
		return out, nil
	}
	return nil, hopError(c.leg.Hop, cloud.During("read "+name, err, "cause.read", "path", name))
}

// fileError reads what cat and the shell say, in the C locale.
func fileError(exit Exit, stderr []byte) error {
	text := strings.TrimSpace(string(stderr))
	last := cut(text[strings.LastIndexByte(text, '\n')+1:], 200)
	switch {
	case strings.Contains(text, "No such file or directory"), strings.Contains(text, "Directory nonexistent"): // the latter is dash
		return fs.ErrNotExist
	case strings.Contains(text, "Permission denied"), strings.Contains(text, "Operation not permitted"):
		return fs.ErrPermission
	case last == "":
		return fmt.Errorf("%v", exit)
	}
	return fmt.Errorf("%v: %s", exit, last)
}

// WriteFile puts data into a file in one step: readers see the old content or the new one, also
// when the connection is lost on the way. The content travels through stdin, into a file beside it
// that nobody else may read, which then takes the name; a symbolic link is replaced, not followed.
// Mode are the permission bits; zero is 0644.
func (c *Conn) WriteFile(ctx context.Context, name string, data []byte, mode fs.FileMode) error {
	if mode.Perm() == 0 {
		mode = 0o644
	}
	dir, base := path.Split(name)
	if base == "" {
		return hopError(c.leg.Hop, fmt.Errorf("write %q: %w", name, fs.ErrInvalid))
	}
	temp := Quote(dir + "." + base + "." + marker())
	// Two commands: only when the first is known to have taken all of the content may the file get
	// its name. A cat whose connection is lost ends as if the content were complete.
	fill := fmt.Sprintf("export LC_ALL=C; : > %s && chmod 600 %s && cat > %s", temp, temp, temp)
	move := fmt.Sprintf("export LC_ALL=C; chmod %o %s && mv -f -- %s %s", mode.Perm(), temp, temp, Quote(name))
	_, stderr, exit, err := c.capture(ctx, fill, bytes.NewReader(data), 0)
	if err == nil && exit.OK() {
		_, stderr, exit, err = c.capture(ctx, move, nil, 0)
	}
	if err == nil && exit.OK() {
		return nil
	}
	if err == nil {
		err = fileError(exit, stderr)
	}
	// The caller's context may be what ended the attempt; the rest of the file must go anyway.
	rctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, _, _, _ = c.capture(rctx, "rm -f -- "+temp, nil, 0) // what went wrong first is what counts
	return hopError(c.leg.Hop, cloud.During("write "+name, err, "cause.write", "path", name))
}

// Identity is who one is on a host.
type Identity struct{ User, Host string }

// String is user@host.
func (i Identity) String() string { return i.User + "@" + i.Host }

// Identity asks the host who we are there and what it is called.
func (c *Conn) Identity(ctx context.Context) (Identity, error) {
	mark := marker()
	out, stderr, exit, err := c.captureRaw(ctx, "printf '%s\\n' "+mark+"; id -un; hostname", nil, maxIdentity)
	if err == nil && !exit.OK() {
		err = fileError(exit, stderr)
	}
	if err != nil {
		return Identity{}, hopError(c.leg.Hop, cloud.During("ask for identity", err, "cause.identity"))
	}
	rest, _ := afterMarker(out, mark)
	fields := strings.Fields(string(rest))
	if len(fields) < 2 {
		err = fmt.Errorf("%w: %q", cloud.ErrDecode, cut(string(rest), 80))
		return Identity{}, hopError(c.leg.Hop, cloud.During("ask for identity", err, "cause.identity"))
	}
	return Identity{User: cut(clean(fields[0]), 64), Host: cut(clean(fields[1]), 255)}, nil
}

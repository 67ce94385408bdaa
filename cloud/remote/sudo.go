package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"matou/cloud"
)

// raising is how a login becomes root: found out once for each connection.
type raising struct {
	mu       sync.Mutex
	known    bool
	prefix   string // before sh -c; empty: it is root
	password string // to be fed to sudo; empty: it asks for none
}

// sudoProbe asks who we are, and whether sudo lets us in without asking back.
const sudoProbe = `id -u; if [ "$(id -u)" != 0 ]; then sudo -n true 2>/dev/null && echo free || { command -v sudo >/dev/null && echo asks; }; fi`

// raise makes a command line run as root on a hop that wants it, and returns what to feed to it
// before its own input. A line on another hop, or for root, stays as it is. Not being able to become
// root is [ErrAuth].
func (c *Conn) raise(ctx context.Context, line string) (raised string, first []byte, err error) {
	if !c.leg.Sudo {
		return line, nil, nil
	}
	r := &c.raising
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		if r.prefix, r.password, err = c.probeSudo(ctx); err != nil {
			return "", nil, hopError(c.leg.Hop, cloud.During("become root", err, "cause.become-root"))
		}
		r.known = true
	}
	if r.prefix == "" {
		return line, nil, nil
	}
	if r.password != "" {
		first = []byte(r.password + "\n")
	}
	return r.prefix + " sh -c " + Quote(line), first, nil
}

func (c *Conn) probeSudo(ctx context.Context) (prefix, password string, err error) {
	mark := marker()
	out, _, exit, err := c.captureRaw(ctx, "printf '%s\\n' "+mark+"; "+sudoProbe, nil, maxIdentity)
	if err != nil {
		return "", "", err
	}
	rest, _ := afterMarker(out, mark)
	said := strings.Fields(string(rest))
	switch {
	case len(said) > 0 && said[0] == "0":
		return "", "", nil
	case len(said) > 1 && said[1] == "free":
		return "sudo -n -H", "", nil
	case len(said) < 2 || said[1] != "asks":
		return "", "", fmt.Errorf("%w: %w", ErrAuth, cloud.Say(fmt.Errorf("there is no sudo here, and the login is not root (%v)", exit), "cause.no-sudo"))
	}
	c.client.mu.Lock()
	passwords := []string{c.leg.Password, c.client.secrets[c.leg.key]}
	c.client.mu.Unlock()
	// -k has sudo ask in any case: a password it does not read would become input of the command.
	prefix = "sudo -k -S -H -p ''"
	for _, p := range passwords {
		if p == "" {
			continue
		}
		_, _, exit, err := c.captureRaw(ctx, prefix+" true", strings.NewReader(p+"\n"), 0)
		if err != nil {
			return "", "", err
		}
		if exit.OK() {
			return prefix, p, nil
		}
	}
	return "", "", fmt.Errorf("%w: %w", ErrAuth, cloud.Say(errors.New("sudo wants another password than the log-in, or does not know this account"), "cause.sudo-refused"))
}

// before puts what a raised command is to read first before its own input.
func before(first []byte, stdin io.Reader) io.Reader {
	switch {
	case first == nil:
		return stdin
	case stdin == nil:
		return bytes.NewReader(first)
	}
	return io.MultiReader(bytes.NewReader(first), stdin)
}

package host

import (
	"testing"

	"github.com/go-git/go-billy/v5/memfs"
)

// TestFirstBootWaits: a first boot that was cut short needs the hosts it needed before; when a world comes
// back, it goes on only after they are there.
func TestFirstBootWaits(t *testing.T) {
	t.Parallel()
	up := make(chan struct{})
	c := testConfig(t, "web-1", "ubuntu", "10.0.0.2")
	c.UserData, c.Up = []byte("#cloud-config\nruncmd:\n  - curl -s http://10.0.0.3:80/ >/dev/null; echo status $? >/root/asked\n"), up
	h := boot(t, c)
	if got := must(t, h, "cloud-init status; ls /root/asked 2>/dev/null || echo not yet"); got != "status: running\nnot yet\n" {
		t.Errorf("before the others are there: %q", got)
	}
	close(up)
	if got := must(t, h, "timeout 60 cloud-init status --wait; cat /root/asked"); got != "status: done\nstatus 7\n" {
		t.Errorf("then: %q", got)
	}
	c.FS, c.Up = memfs.New(), make(chan struct{}) // never: a host can be put out all the same
	boot(t, c)
}

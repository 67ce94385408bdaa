package remote

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// kernel is a connection as the kernel keeps it: what has come waits there to be read.
type kernel struct {
	net.Conn // nil: nothing else is asked of it
	mu       sync.Mutex
	more     *sync.Cond
	came     []byte
	closed   bool
	reads    int
}

func newKernel() *kernel {
	k := &kernel{}
	k.more = sync.NewCond(&k.mu)
	return k
}

func (k *kernel) come(data string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.came = append(k.came, data...)
	k.more.Signal()
}

func (k *kernel) Read(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.came) == 0 && !k.closed {
		k.more.Wait()
	}
	if k.closed {
		return 0, net.ErrClosed
	}
	n := copy(b, k.came)
	k.came = k.came[n:]
	k.reads++
	return n, nil
}

func (k *kernel) Write(b []byte) (int, error) { return len(b), nil }

func (k *kernel) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.more.Signal()
	return nil
}

// line is as long as a packet with one line of a log.
func line(n int) string { return fmt.Sprintf("%0164d", n) }

// trickling makes a connection over which lines have come for a while, one each 20 ms, and are read
// all the while. Got has what was read, at the end.
func trickling(t *testing.T) (p *paced, k *kernel, got <-chan []byte) {
	t.Helper()
	k = newKernel()
	p = newPaced(k)
	got = reading(p)
	for n := range 100 {
		k.come(line(n))
		time.Sleep(20 * time.Millisecond)
	}
	return p, k, got
}

// reading reads as x/crypto/ssh does, to the end; then it tells what it has read.
func reading(p *paced) <-chan []byte {
	got := make(chan []byte, 1)
	go func() {
		var all []byte
		for b := make([]byte, 4096); ; {
			n, err := p.Read(b)
			if all = append(all, b[:n]...); err != nil {
				got <- all
				return
			}
		}
	}()
	return got
}

// unread is how much nobody has read yet, in bytes.
func (k *kernel) unread() int {
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.came)
}

// TestPacedGathers: of a log that trickles, several lines are read at once, and none is lost.
func TestPacedGathers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, k, got := trickling(t)
		time.Sleep(pause)
		if left := k.unread(); left != 0 {
			t.Errorf("%d bytes unread after a pause", left)
		}
		if k.reads > int(trickle/(20*time.Millisecond))+100/5+2 {
			t.Errorf("%d reads of 100 lines", k.reads)
		}
		p.Close()
		var want string
		for n := range 100 {
			want += line(n)
		}
		if read := <-got; string(read) != want {
			t.Errorf("read %d bytes of %d, or in another order", len(read), len(want))
		}
	})
}

// TestPacedHurries: what ends a pause ends it at once.
func TestPacedHurries(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p *paced){
		"written": func(p *paced) { _, _ = p.Write([]byte("a request")) },
		"held":    func(p *paced) { p.hold() },
		"closed":  func(p *paced) { _ = p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, k, got := trickling(t)
				k.come(line(100)) // may be waited for
				k.unread()
				k.come(line(101))
				if k.unread() == 0 {
					t.Error("there is no pause to be ended")
				}
				end(p)
				if left := k.unread(); left != 0 && name != "closed" {
					t.Errorf("%d bytes unread", left)
				}
				began := time.Now()
				p.Close()
				<-got
				if took := time.Since(began); took != 0 {
					t.Errorf("closing took %v", took)
				}
			})
		})
	}
}

// TestPacedPrompt: nothing waits where it is not a log that trickles.
func TestPacedPrompt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		every time.Duration
		size  int
		held  bool
	}{
		{"seldom", longWait, 164, false},
		{"much", 20 * time.Millisecond, fewBytes + 1, false},
		{"a shell", 20 * time.Millisecond, 164, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKernel()
				p := newPaced(k)
				if c.held {
					p.hold()
				}
				got := reading(p)
				for n := range 100 {
					time.Sleep(c.every)
					k.come(string(make([]byte, c.size)))
					if left := k.unread(); left != 0 {
						t.Errorf("%d bytes unread at the %dth time", left, n)
					}
				}
				p.Close()
				<-got
			})
		})
	}
}

// TestPacedFlood: when a log that trickled becomes a flood, no more than one pause is made of it.
func TestPacedFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, k, got := trickling(t)
		began := time.Now()
		k.come(string(make([]byte, 1<<20)))
		for k.unread() > 0 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(began); took > pause {
			t.Errorf("it took %v", took)
		}
		p.Close()
		<-got
	})
}

// holders is how many shells let there be no pause.
func (p *paced) holders() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

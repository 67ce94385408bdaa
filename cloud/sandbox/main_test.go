package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"matou/cloud/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// fakeMachine stands for a host: it greets whoever connects.
type fakeMachine struct {
	spec    machineSpec
	mu      sync.Mutex
	reboots int
	down    bool
	offs    int  // how often it was asked to end by itself
	slow    bool // and does not
	onDial  func(hostport string)
}

func (m *fakeMachine) ServeSSH(_ context.Context, conn net.Conn) error {
	_, err := io.WriteString(conn, "SSH-2.0-fake "+m.spec.Name+"\n")
	return err
}

func (m *fakeMachine) ConsoleLog() string {
	return "booting " + m.spec.Name + "\nsecond line\n" + m.spec.Name + " login: "
}

func (m *fakeMachine) Dial(_ context.Context, hostport string) (net.Conn, error) {
	if m.onDial != nil {
		m.onDial(hostport)
	}
	return nil, errors.New("dialled " + hostport)
}

func (m *fakeMachine) Reboot(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reboots++
	return nil
}

func (m *fakeMachine) PowerOff(ctx context.Context) {
	m.mu.Lock()
	m.offs++
	slow := m.slow
	m.mu.Unlock()
	if slow {
		<-ctx.Done()
	}
}

func (m *fakeMachine) Shutdown(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = true
	return nil
}

// fakeRoom boots fake machines and remembers them by id.
type fakeRoom struct {
	mu    sync.Mutex
	byID  map[string]*fakeMachine
	specs []machineSpec
	err   error
}

func (r *fakeRoom) boot(_ context.Context, spec machineSpec) (machine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	m := &fakeMachine{spec: spec}
	if r.byID == nil {
		r.byID = map[string]*fakeMachine{}
	}
	r.byID[spec.ID] = m
	r.specs = append(r.specs, spec)
	return m, nil
}

func (r *fakeRoom) machine(id string) *fakeMachine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

const workshopDir = "../../assets/workshops/web-cloud-puppet"

// startFake starts a sandbox of the real workshop's world with fake machines.
func startFake(t *testing.T, change func(*Options)) (*Sandbox, *fakeRoom) {
	t.Helper()
	room := &fakeRoom{}
	o := Options{Workshop: os.DirFS(workshopDir), boot: room.boot}
	if change != nil {
		change(&o)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, room
}

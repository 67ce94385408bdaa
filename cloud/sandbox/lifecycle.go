package sandbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"matou/cloud/sandbox/fault"
)

// noValidHost is what the scheduler says when it finds no place, blank at the end included.
const noValidHost = "No valid host was found. "

// wait lets d of recorded time pass. It reports false when ctx ended first.
func (w *world) wait(ctx context.Context, d time.Duration) bool {
	d = time.Duration(float64(d) * w.pace)
	if d <= 0 {
		return ctx.Err() == nil
	}
	return pause(ctx, d)
}

// begin runs job as the server's one job. A job under way is cancelled and has ended before the new
// one starts. The caller holds mu.
func (w *world) begin(in *instance, job func(ctx context.Context, in *instance)) {
	if w.stopping {
		return
	}
	if in.cancel != nil {
		in.cancel()
	}
	before, ended := in.ended, make(chan struct{})
	ctx, cancel := context.WithCancel(w.root)
	in.cancel, in.ended = cancel, ended
	w.jobs.Go(func() {
		defer close(ended)
		defer cancel()
		if before != nil {
			<-before
		}
		job(ctx, in)
	})
}

// step applies a change to a server and keeps it, unless the job was cancelled. It reports whether
// the job may go on.
func (w *world) step(ctx context.Context, in *instance, change func()) bool {
	w.mu.Lock()
	if ctx.Err() != nil {
		w.mu.Unlock()
		return false
	}
	change()
	in.Updated = now()
	w.changed()
	w.mu.Unlock()
	w.save()
	return true
}

// build takes a new server to ACTIVE, from whichever task it is in: after a restart it goes on
// where it was.
func (w *world) build(ctx context.Context, in *instance) {
	w.mu.Lock()
	task := in.Task
	w.mu.Unlock()
	t := w.file.Timing
	if task == taskScheduling {
		if !w.wait(ctx, t.Scheduling) {
			return
		}
		if r, ok := w.faults.Take(fault.BootError, in.Name); ok {
			w.fail(ctx, in, orText(r.Text, noValidHost))
			return
		}
		if !w.step(ctx, in, func() { in.Task = taskNetworking }) {
			return
		}
		task = taskNetworking
	}
	if task == taskNetworking {
		if !w.wait(ctx, t.Networking) || !w.step(ctx, in, func() { in.Task, in.Wired = taskSpawning, true }) {
			return
		}
	}
	slow, _ := w.faults.Take(fault.BootSlow, in.Name)
	if !w.wait(ctx, t.Spawning+slow.Delay) || !w.power(ctx, in) {
		return
	}
	w.step(ctx, in, func() {
		in.VMState, in.Task, in.Power = vmActive, "", powerRunning
		in.Launched = now()
	})
}

// fail puts a server into ERROR.
func (w *world) fail(ctx context.Context, in *instance, text string) {
	w.step(ctx, in, func() {
		in.VMState, in.Task, in.Power = vmError, "", powerNone
		in.Wired = false
		in.Fault = &instanceFault{Code: 500, Message: text, Created: now()}
	})
}

// bootMachine boots a machine. What is in a user-data can make the boot fail, never end the program.
func (w *world) bootMachine(spec machineSpec) (m machine, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error of the sandbox: %v", p)
		}
	}()
	return w.boot(w.root, spec)
}

// power boots the server's machine. When that fails the server is in ERROR and power is false.
func (w *world) power(ctx context.Context, in *instance) bool {
	w.mu.Lock()
	spec := machineSpec{
		ID: in.ID, Name: in.Hostname, Address: in.Address,
		Image: w.image(in.ImageID).Tree, Users: w.file.Servers.Users, UserData: in.UserData, MAC: in.MAC,
	}
	if f := w.flavor(in.FlavorID); f != nil {
		spec.Memory, spec.Disk = f.RAM, f.Disk
	}
	if n := w.network(in.NetworkID); n != nil {
		spec.Network = n.CIDR
	}
	if in.PublicKey != "" {
		spec.Keys = []string{in.PublicKey}
	}
	w.mu.Unlock()
	// The machine outlives the job that boots it: it runs until it is shut down.
	m, err := w.bootMachine(spec)
	if err != nil {
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, ErrNoRoom):
			w.fail(ctx, in, noValidHost)
		default:
			w.fail(ctx, in, "Build of instance "+in.ID+" aborted: "+err.Error())
		}
		return false
	}
	w.mu.Lock()
	in.machine = m
	w.mu.Unlock()
	if ctx.Err() != nil {
		if err := w.halt(in); err != nil {
			w.store.complain(err)
		}
		return false
	}
	return true
}

// haltTimeout bounds how long a machine may take to end.
const haltTimeout = 10 * time.Second

// settleTimeout bounds how long what runs on a server may take to end by itself. Nova's own
// shutdown_timeout is a minute; here somebody is watching.
const settleTimeout = 15 * time.Second

// settle lets what runs on servers end by itself, side by side, where the machines know how to.
func (w *world) settle(ctx context.Context, list ...*instance) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, in := range list {
		w.mu.Lock()
		m, ok := in.machine.(Orderly)
		w.mu.Unlock()
		if ok {
			all.Go(func() { m.PowerOff(ctx) })
		}
	}
	all.Wait()
}

// halt shuts the server's machine down, if it has one.
func (w *world) halt(in *instance) error {
	w.mu.Lock()
	m := in.machine
	in.machine = nil
	w.mu.Unlock()
	if m == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.root), haltTimeout)
	defer cancel()
	return m.Shutdown(ctx)
}

// erase ends a server for good.
func (w *world) erase(ctx context.Context, in *instance) {
	if !w.wait(ctx, w.file.Timing.Deleting) {
		return
	}
	err := errors.Join(w.halt(in), w.forget(in.ID))
	w.step(ctx, in, func() {
		in.VMState, in.Task, in.Power = vmDeleted, "", powerNone
		in.Terminated = now()
		in.UserData, in.Wired = nil, false
		delete(w.servers, in.ID)
		w.gone = append(w.gone, in)
		if over := len(w.gone) - maxTombstones; over > 0 {
			w.gone = append([]*instance(nil), w.gone[over:]...)
		}
	})
	if err != nil {
		w.store.complain(err)
	}
}

// reboot restarts what runs on a server.
func (w *world) reboot(ctx context.Context, in *instance) {
	if !w.wait(ctx, w.file.Timing.Rebooting) {
		return
	}
	w.mu.Lock()
	m, soft := in.machine, in.Task == taskReboot
	w.mu.Unlock()
	if soft {
		w.settle(ctx, in)
	}
	if m == nil {
		if !w.power(ctx, in) {
			return
		}
	} else if err := m.Reboot(ctx); err != nil && ctx.Err() == nil {
		w.fail(ctx, in, "reboot: "+err.Error())
		return
	}
	w.step(ctx, in, func() { in.VMState, in.Task, in.Power, in.Fault = vmActive, "", powerRunning, nil })
}

func (w *world) stop(ctx context.Context, in *instance) {
	if !w.wait(ctx, w.file.Timing.Stopping) {
		return
	}
	w.settle(ctx, in)
	if err := w.halt(in); err != nil {
		w.store.complain(err)
	}
	w.step(ctx, in, func() { in.VMState, in.Task, in.Power = vmStopped, "", powerOff })
}

func (w *world) start(ctx context.Context, in *instance) {
	if !w.wait(ctx, w.file.Timing.Starting) || !w.power(ctx, in) {
		return
	}
	w.step(ctx, in, func() { in.VMState, in.Task, in.Power = vmActive, "", powerRunning })
}

// rebuild makes a server's disk anew. Its id, its address and its name stay.
func (w *world) rebuild(ctx context.Context, in *instance) {
	if err := errors.Join(w.halt(in), w.forget(in.ID)); err != nil {
		w.store.complain(err)
	}
	if !w.wait(ctx, w.file.Timing.Spawning) || !w.power(ctx, in) {
		return
	}
	w.step(ctx, in, func() {
		in.VMState, in.Task, in.Power, in.Fault = vmActive, "", powerRunning, nil
		in.Launched, in.Wired = now(), true
	})
}

// resume brings the servers back that were there when the sandbox ended: those that ran are booted
// before it returns, those in the middle of something go on with it.
func (w *world) resume() {
	var running []*instance
	w.mu.Lock()
	for _, in := range w.servers {
		if in.VMState == vmActive && in.Task != taskDeleting && in.Task != taskRebuild {
			running = append(running, in)
		}
	}
	w.mu.Unlock()
	for _, in := range running {
		w.power(w.root, in)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	jobs := map[string]func(context.Context, *instance){
		taskScheduling: w.build, taskNetworking: w.build, taskSpawning: w.build, taskDeleting: w.erase,
		taskReboot: w.reboot, taskRebootHard: w.reboot, taskStop: w.stop, taskStart: w.start,
		taskRebuild: w.rebuild,
	}
	for _, in := range w.servers {
		if job := jobs[in.Task]; job != nil {
			w.begin(in, job)
		}
	}
}

// close ends all jobs and machines. What the servers were in the middle of stays in the store.
func (w *world) close() error {
	w.mu.Lock()
	w.stopping = true
	list := w.sorted()
	for _, in := range list {
		if in.cancel != nil {
			in.cancel()
		}
	}
	w.mu.Unlock()
	w.jobs.Wait()
	w.settle(context.WithoutCancel(w.root), list...)
	var errs []error
	for _, in := range list {
		errs = append(errs, w.halt(in))
	}
	w.save()
	return errors.Join(append(errs, w.store.close())...)
}

// save keeps the state as it is now, or as it is in a moment: when it returns, every change made
// before the call has been written, or the store's trouble says why not.
func (w *world) save() { w.store.save(w) }

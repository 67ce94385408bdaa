package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"matou/cloud"
	"matou/cloud/doctor"
	"matou/cloud/openstack"
	"matou/cloud/remote"
	"matou/steps"
	"matou/steps/action"
)

// Seats are looked at side by side, so many at a time: all of them go through one jumphost.
const seatsAtOnce = 8

// The time that one seat may take once it is its turn, and its turn may take to come.
const (
	seatTime = 30 * time.Second
	seatTurn = 10 * time.Minute
)

// seatChecks look at each other seat's container, for a hop that is not the same for all of them:
// whether its SSH door is open, whether it lets us in as it will its participant, and whether the
// openrc is there, if that is where the class reads it. Nothing there is changed.
func (p *practice) seatChecks(in steps.Input, h steps.Hop, needs []string, source steps.CloudSource) []doctor.Check {
	var checks []doctor.Check
	turn := make(chan struct{}, seatsAtOnce)
	for n := 1; n <= p.seats; n++ {
		theirs := in
		theirs.Seat = fmt.Sprintf("%02d", n)
		vars, err := p.s.paramsOf(theirs.Seat)
		if err != nil || theirs.Seat == in.Seat {
			continue
		}
		theirs.Vars = in.Vars.With(vars)
		address := net.JoinHostPort(steps.Sketch(h.Host, vars), steps.Sketch(h.Port, vars))
		own := net.JoinHostPort(steps.Sketch(h.Host, in.Vars), steps.Sketch(h.Port, in.Vars))
		if address == own {
			continue // the same host for all
		}
		checks = append(checks, doctor.Check{
			Name: "seat", Subject: theirs.Seat + " " + h.Name, Needs: needs, Timeout: seatTurn,
			Do: func(ctx context.Context) doctor.Result {
				select {
				case turn <- struct{}{}:
					defer func() { <-turn }()
				case <-ctx.Done():
					return because(ctx.Err())
				}
				ctx, cancel := context.WithTimeout(ctx, seatTime)
				defer cancel()
				dial := (&net.Dialer{}).DialContext
				if needs != nil {
					via, err := p.open(ctx, in, h.Via)
					if err != nil {
						return because(err)
					}
					dial = via.DialContext
				}
				if door := sshDoor(ctx, dial, address); door.Status != doctor.OK {
					return door
				}
				r := p.seat(ctx, theirs, h, source)
				if r.Remedy == "remedy."+steps.FailLost || r.Remedy == "remedy."+steps.FailUnreachable {
					r.Remedy = "cli.doctor.remedy.door" // the jumphost is fine: it is the container
				}
				return r
			},
		})
	}
	return checks
}

// seat logs in to a seat's container, and reads the openrc there.
func (p *practice) seat(ctx context.Context, in steps.Input, h steps.Hop, source steps.CloudSource) doctor.Result {
	chain, err := p.s.registry.Chain(ctx, in, p.out, h.Name)
	if err != nil {
		return because(err)
	}
	host, err := p.s.hosts.Open(ctx, chain, p.out)
	if err != nil {
		return noEntry(err)
	}
	defer func() { _ = p.s.client.Disconnect(p.s.hosts.chain(chain)...) }() // 99 of them would stay open
	id, err := host.Identity(ctx)
	if err != nil {
		return because(err)
	}
	p.seen(in, h, id)
	r := doctor.Good("%s@%s, host key %s (%s)", id.User, id.Hostname, id.Fingerprint, id.Verified)
	if source.Hop != h.Name {
		return r
	}
	path, err := steps.Expand(source.OpenRC, in.Vars, nil)
	if err != nil {
		return because(err)
	}
	openrc := readOpenRC(ctx, host, path)
	openrc.Detail = strings.TrimSpace(r.Detail + ", " + openrc.Detail)
	return openrc
}

// noEntry is why a seat does not let us in. That nobody can answer its question here is no fault of
// the seat's: its participant will.
func noEntry(err error) doctor.Result {
	r := because(err)
	var f *steps.Failure
	if errors.As(err, &f) && f.Kind == steps.FailNobody || errors.Is(err, remote.ErrHostKeyUnknown) {
		r.Status, r.Remedy = doctor.Warning, "cli.doctor.remedy.entry"
	}
	return r
}

// readOpenRC looks whether a host's openrc names an account.
func readOpenRC(ctx context.Context, host action.Host, path string) doctor.Result {
	const most = 64 << 10
	data, err := host.ReadFile(ctx, path, most)
	if err != nil {
		r := because(err)
		if r.Remedy == "remedy.not-found" {
			r.Remedy = "cli.doctor.remedy.openrc"
		}
		return r
	}
	k, err := openstack.ParseOpenRC(bytes.NewReader(data))
	if err != nil {
		r := doctor.Because(err)
		r.Cause, r.Remedy = cloud.Clean(path)+": "+r.Cause, "cli.doctor.remedy.openrc"
		return r
	}
	return doctor.Good("%s: %s", path, k)
}

// doorTime is how long an SSH server may take to say its first line.
const doorTime = 10 * time.Second

// sshDoor looks whether an SSH server answers at an address: RFC 4253, 4.2, it speaks first.
func sshDoor(ctx context.Context, dial action.Dial, address string) doctor.Result {
	ctx, cancel := context.WithTimeout(ctx, doorTime)
	defer cancel()
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		r := because(err)
		r.Status, r.Remedy = doctor.Failed, "cli.doctor.remedy.door"
		return r
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(doorTime)); err != nil {
		return because(err)
	}
	lines := bufio.NewScanner(io.LimitReader(conn, 8<<10))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "SSH-2.0-") || strings.HasPrefix(lines.Text(), "SSH-1.99-") {
			return doctor.Good("%s: %s", address, cloud.Clean(lines.Text()))
		}
	}
	return doctor.Bad("cli.doctor.remedy.door", "%s: something answers, but it is no SSH server", address)
}

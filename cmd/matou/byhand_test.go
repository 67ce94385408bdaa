package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"matou/cloud/remote"
	"matou/steps"
)

// hands is a participant who types the slides' commands by hand, in a sandbox of their own.
type hands struct {
	*testing.T
	s   *session
	p   *printer
	out *bytes.Buffer
}

func newHands(t *testing.T, adopt bool) *hands {
	t.Helper()
	o := &options{state: t.TempDir(), sandbox: true, workshop: "web-cloud-puppet", pace: "instant", lang: "en", seat: "07", adopt: adopt}
	s, err := o.open(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &hands{T: t, s: s, out: &bytes.Buffer{}}
	if h.p, err = o.printer(s, h.out, false); err != nil {
		t.Fatal(err)
	}
	return h
}

// types types a command on a host; it has to end with 0, or, as the agent does after changes, with 2.
func (h *hands) types(hop, line string) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 2*time.Minute)
	defer cancel()
	chain, err := h.s.registry.Chain(ctx, h.s.input(), h.s.aside(), hop)
	if err != nil {
		h.Fatalf("%s: %v", hop, err)
	}
	conn, err := h.s.client.Conn(withOutput(ctx, h.s.aside()), (&hosts{client: h.s.client}).chain(chain)...)
	if err != nil {
		h.Fatalf("%s: %v", hop, err)
	}
	var said []string
	exit, err := conn.Run(ctx, remote.Command{Line: line}, func(l remote.Line) { said = append(said, l.Text) })
	if err != nil || exit.Code != 0 && exit.Code != 2 {
		h.Fatalf("%s$ %s: %v, %v\n%s", hop, line, exit, err, strings.Join(said, "\n"))
	}
}

// does gives the engine a command, and tells how it ended.
func (h *hands) does(c steps.Command, step steps.ID) *steps.Failure {
	h.Helper()
	failure, err := h.p.until(h.Context(), step, c)
	if err != nil {
		h.Fatalf("%s: %v", step, err)
	}
	return failure
}

// finds checks a step whose work was done by hand.
func (h *hands) finds(step steps.ID) {
	h.Helper()
	if f := h.does(steps.Check{Step: step}, step); f != nil {
		h.Fatalf("%s does not find what was done by hand: %s: %s\n%s", step, f.Kind, f.Cause, h.out)
	}
	if got := h.s.engine.State().Step(step).Status; got != steps.Done {
		h.Fatalf("%s is %s", step, got)
	}
}

// TestByHand types every command of the slides by hand, and presses nothing but check: it is as good as
// running the steps.
func TestByHand(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	h := newHands(t, true)
	const boot = ". ./openrc && nova boot --poll --flavor vps-ssd-"
	const code = "cd /etc/puppetlabs/code/environments/production && "
	for _, turn := range []struct {
		hop, line string
		step      steps.ID
	}{
		{"", "", "jumphost"},
		{"", "", "inception"},
		{"", "", "openrc"},
		{"inception", ". ./openrc && nova list", "servers"},
		{"inception", boot + "2 --image puppet-breizhcamp --user-data puppet.yaml puppet-07", "master-boot"},
		{"", "", "master-show"},
		{"", "", "master-ssh"},
		{"master", "service puppetserver status", "master-status"},
		{"", "", "master-code"},
		{"master", "puppet agent -t -v", "master-agent"},
		{"inception", boot + "1 --image 'Ubuntu 14.04' --user-data web.yaml web-07", "web-boot"},
	} {
		if turn.line != "" {
			h.types(turn.hop, turn.line)
		}
		h.finds(turn.step)
	}
	vars := h.s.engine.Vars()
	if f := h.does(steps.Check{Step: "web-join"}, "web-join"); f == nil || f.Kind == steps.FailValue {
		t.Fatalf("web-join before it was done: %+v", f)
	}
	h.types("web", "echo '"+vars["master.address"]+" puppet' >> /etc/hosts; puppet agent -t -v")
	h.finds("web-join")
	for _, turn := range []struct {
		step steps.ID
		runs []string
	}{{"bz2", []string{"web"}}, {"bz3", []string{"web"}}, {"bz4", []string{"master"}}, {"bz5", []string{"web", "master"}}} {
		h.types("master", code+"git checkout "+string(turn.step))
		for _, hop := range turn.runs {
			h.types(hop, "puppet agent -t -v")
		}
		h.finds(turn.step)
	}
	h.finds("victoire")

	compute, err := h.s.registry.Compute(t.Context(), h.s.input(), h.s.aside())
	if err != nil {
		t.Fatal(err)
	}
	servers, err := compute.Servers(t.Context())
	if err != nil || len(servers) != 2 || !servers[0].Adopted() || !servers[1].Adopted() {
		t.Fatalf("servers: %+v, %v", servers, err)
	}
	// What was found goes on working when a step is run after all, and makes no second server.
	for _, step := range []steps.ID{"master-boot", "web-join", "bz5"} {
		if f := h.does(steps.Retry{Step: step, FromStart: true}, step); f != nil {
			t.Errorf("replaying %s: %s", step, f.Cause)
		}
	}
	if f := h.does(steps.Start{Step: "cleanup"}, "cleanup"); f != nil {
		t.Errorf("cleanup: %s", f.Cause)
	}
	if servers, err = compute.Servers(t.Context()); err != nil || len(servers) > 0 {
		t.Errorf("left: %+v, %v", servers, err)
	}
}

// TestByHandWithNobody has a server made by hand in the way of a play: it is not taken over unasked, and
// there is no second one of its name.
func TestByHandWithNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	h := newHands(t, false)
	for _, step := range []steps.ID{"jumphost", "inception", "openrc"} {
		if f := h.does(steps.Start{Step: step}, step); f != nil {
			t.Fatalf("%s: %s", step, f.Cause)
		}
	}
	h.types("inception", ". ./openrc && nova boot --poll --flavor vps-ssd-2 --image puppet-breizhcamp --user-data puppet.yaml puppet-07")
	compute, err := h.s.registry.Compute(t.Context(), h.s.input(), h.s.aside())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []steps.Command{steps.Start{Step: "master-boot"}, steps.Check{Step: "master-boot"}, steps.Retry{Step: "master-boot"}} {
		servers, err := compute.Servers(t.Context())
		if err != nil || len(servers) != 1 {
			t.Fatalf("servers: %+v, %v", servers, err)
		}
		f := h.does(c, "master-boot")
		if f == nil || f.Kind != steps.FailTaken || !strings.Contains(f.Cause, servers[0].ID) {
			t.Errorf("%T: %+v", c, f)
		}
	}
	if len(h.s.warnings) > 0 {
		t.Errorf("warnings %v", h.s.warnings)
	}
	h.p.adopt = true
	if f := h.does(steps.Retry{Step: "master-boot"}, "master-boot"); f != nil {
		t.Errorf("with --adopt: %s", f.Cause)
	}
	state := filepath.Dir(filepath.Dir(h.s.root))
	if err := h.s.Close(); err != nil {
		t.Fatal(err)
	}
	clean := func(answers string, args ...string) string {
		cmd := program(t, state, append([]string{"clean", "--seat", "07", "--pace", "instant"}, args...)...)
		cmd.Stdin = strings.NewReader(answers)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("clean: %v\n%s", err, out)
		}
		return string(out)
	}
	if out := clean("n\n"); !strings.Contains(out, "Nothing was deleted") {
		t.Errorf("clean, and no:\n%s", out)
	}
	out := clean("y\nn\n")
	for _, want := range []string{"Booted by hand, and taken over later:", "puppet-07", "They stay", "0 deleted"} {
		if !strings.Contains(out, want) {
			t.Errorf("clean does not say %q:\n%s", want, out)
		}
	}
	left := rows(t, state, "servers", "--json", "--seat", "07")
	if len(left) != 1 || strings.Contains(fmt.Sprint(left[0]["metadata"]), "matou:") {
		t.Errorf("left: %v", left)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"matou/cloud"
	"matou/cloud/doctor"
	"matou/steps"
	"matou/steps/action"
	"matou/tui/i18n"
)

func newDoctor(o *options) *cobra.Command {
	var asJSON, boot bool
	var seats int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for everything that would fail in class, before it",
		Long: `Asks, side by side, all that a class will need: credentials, catalog, clock, latency, quota for all
seats, images, flavors, network, open ports, user-data, the jumphost, every seat's container and its openrc:
each is logged in to, as far as what is known here goes. Each check says what was found; one that fails says why, and what to do about it.

With --boot it also boots one server, logs in to it and deletes it again, as the class will do.

It ends with 0 when nothing failed (warnings may be left), with 1 otherwise. With --json, every line of
standard output is one JSON object: "check", "subject", "status" (ok, warning, failed, skipped), "detail",
"cause", "remedy", "took_ms".`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a check")
	cmd.Flags().BoolVar(&boot, "boot", false, "boot a server, log in to it, delete it")
	cmd.Flags().IntVar(&seats, "seats", 1, "how many seats the class has: 1 to 99")
	cmd.RunE = running(func(cmd *cobra.Command, _ []string) (err error) {
		if seats < 1 || seats > 99 {
			return usagef("%d seats: 1 to 99", seats)
		}
		s, err := o.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		_, text, err := o.texts()
		if err != nil {
			return err
		}
		s.warn(cmd.ErrOrStderr())
		p := &practice{o: o, s: s, seats: seats, out: &aside{s: s, accept: o.accept || s.ours(), password: s.account.password}}
		checks, err := p.checks(boot)
		if err != nil {
			return err
		}
		told, flush := findingPrinter(cmd.OutOrStdout(), text, asJSON)
		findings := doctor.Run(cmd.Context(), checks, told)
		if err := flush(p.handOuts()); err != nil {
			return err
		}
		if !doctor.Healthy(findings) {
			return &exitError{code: exitFailed, shown: true, err: errors.New("not all is well")}
		}
		return nil
	})
	return cmd
}

// practice is where the checks are made: the workshop of a session, for a number of seats.
type practice struct {
	o     *options
	s     *session
	seats int
	out   steps.Output

	mu      sync.Mutex
	compute action.Compute
	err     error
	asked   bool
	keys    []handOut
}

// checks makes all checks, those that others stand on first.
func (p *practice) checks(boot bool) ([]doctor.Check, error) {
	in := p.s.input()
	planned, err := p.s.registry.Plan(in)
	if err != nil {
		return nil, err
	}
	ports, err := action.Ports(in)
	if err != nil {
		return nil, err
	}
	plan := doctor.Plan{Workshop: p.s.workshop.Name, Seats: p.seats, Ports: ports}
	if plan.Floating, err = steps.Expand(in.Workshop.Cloud.Floating, in.Vars, nil); err != nil {
		return nil, err
	}
	opens, err := steps.Expand(in.Workshop.Cloud.OpenPorts, in.Vars, nil)
	if err != nil {
		return nil, err
	}
	plan.OpensPorts = opens == "true"
	checks := p.hostChecks(in)
	for _, b := range planned {
		plan.Servers = append(plan.Servers, b.Spec)
	}
	seen := map[string]bool{}
	for _, b := range planned {
		if b.UserData != "" && !seen[b.UserData] {
			seen[b.UserData] = true
			checks = append(checks, doctor.UserData(b.UserData, len(b.Spec.UserData)))
		}
	}
	checks = append(checks, doctor.CloudChecks(p.login, plan, p.before(checks)...)...)
	if boot {
		checks = append(checks, p.bootCheck(planned))
	}
	return checks, nil
}

// before is what logging in to the cloud stands on: the openrc, if it is read there.
func (p *practice) before(checks []doctor.Check) []string {
	for _, c := range checks {
		if c.Name == "openrc" && !p.s.account.local() {
			return []string{c.Key()}
		}
	}
	return nil
}

func (p *practice) login(ctx context.Context) (doctor.Cloud, error) {
	compute, err := p.cloud(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := compute.(doctor.Cloud)
	if !ok {
		return nil, fmt.Errorf("%T can't be looked at", compute)
	}
	return c, nil
}

// cloud logs in once, however many checks want it.
func (p *practice) cloud(ctx context.Context) (action.Compute, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		p.asked = true
		p.compute, p.err = p.s.registry.Compute(ctx, p.s.input(), p.out)
	}
	return p.compute, p.err
}

// findingRow is a line of doctor --json.
type findingRow struct {
	Check   string        `json:"check"`
	Subject string        `json:"subject,omitempty"`
	Status  doctor.Status `json:"status"`
	Detail  string        `json:"detail,omitempty"`
	Cause   string        `json:"cause,omitempty"`
	Remedy  string        `json:"remedy,omitempty"`
	Took    steps.Millis  `json:"took_ms"`
}

// called is a check as people know it.
func called(text i18n.Texts, check, subject string) string {
	return strings.TrimSpace(text.T("cli.doctor.check."+check) + " " + subject)
}

// remedyOf is what to do, for whoever asks the doctor: that one can do more than a seat.
func remedyOf(text i18n.Texts, key string) string {
	if own := "cli.doctor." + key; text.Has(own) {
		return text.T(own)
	}
	if key == "" {
		return ""
	}
	return text.T(key)
}

// findingPrinter prints findings as they come. Flush tells the sum and the flags to hand out, and what
// could not be printed.
func findingPrinter(out io.Writer, text i18n.Texts, asJSON bool) (told func(doctor.Finding), flush func(handOuts []string) error) {
	var failed error
	counts := map[doctor.Status]int{}
	write := func(format string, args ...any) {
		if failed == nil {
			_, failed = fmt.Fprintf(out, format, args...)
		}
	}
	var seats []string // that would fail
	told = func(f doctor.Finding) {
		counts[f.Status]++
		if seat, _, _ := strings.Cut(f.Subject, " "); f.Check == "seat" && f.Status == doctor.Failed && !slices.Contains(seats, seat) {
			seats = append(seats, seat)
		}
		remedy := remedyOf(text, f.Remedy)
		if asJSON {
			if err := printJSON(out, findingRow{f.Check, f.Subject, f.Status, cloud.Clean(f.Detail), cloud.Clean(f.Cause), remedy, steps.Millis(f.Took)}); err != nil {
				failed = errors.Join(failed, err)
			}
			return
		}
		name := called(text, f.Check, f.Subject)
		mark := map[doctor.Status]string{doctor.OK: "✓", doctor.Warning: "!", doctor.Failed: "✗", doctor.Skipped: "-"}[f.Status]
		said := f.Detail
		if f.Status != doctor.OK {
			said = f.Cause
		}
		if f.Status == doctor.Skipped {
			check, subject, _ := strings.Cut(f.Cause, ":") // a key, as Check.Key makes it
			said = text.T("cli.doctor.skipped", "why", called(text, check, subject))
		}
		took := ""
		if f.Took >= time.Millisecond {
			took = f.Took.Round(time.Millisecond).String()
		}
		write("%s %-34s %8s  %s\n", mark, cloud.Clean(name), took, cloud.Clean(said))
		if remedy != "" {
			write("    %s\n", remedy)
		}
	}
	flush = func(handOuts []string) error {
		if !asJSON {
			if handOuts != nil {
				write("%s\n", text.T("cli.doctor.hand-out"))
				for _, flag := range handOuts {
					write("    %s\n", cloud.Clean(flag))
				}
			}
			if seats != nil {
				write("%s\n", text.T("cli.doctor.seats", "seats", strings.Join(seats, ", ")))
			}
			write("%s\n", text.T("cli.doctor.sum", "ok", fmt.Sprint(counts[doctor.OK]), "warnings", fmt.Sprint(counts[doctor.Warning]),
				"failed", fmt.Sprint(counts[doctor.Failed]), "skipped", fmt.Sprint(counts[doctor.Skipped])))
		}
		return failed
	}
	return told, flush
}

package puppet

import (
	"context"
	"errors"
	"slices"
	"strings"
)

func applyNotify(_ context.Context, a *apply, r *Resource) ([]change, error) {
	message := r.titled("message")
	l, ok := levels[r.text("loglevel")]
	if !ok {
		l = noticeLine
	}
	source := ""
	if r.flag("withpath") {
		source = shownPath(r) + "/message"
	}
	return []change{{
		property: "message", message: "defined 'message' as " + quoteMessage(r, message),
		do: func() error { a.log.say(l, source, message); return nil },
	}}, nil
}

func quoteMessage(r *Resource, message string) string {
	if _, ok := r.Params["message"].([]any); ok {
		return message
	}
	return "'" + message + "'"
}

func applyPackage(_ context.Context, a *apply, r *Resource) ([]change, error) {
	name := r.titled("name")
	ensure := r.text("ensure")
	switch ensure {
	case "absent", "purged":
		if !a.node.Installed(name) {
			return nil, nil
		}
		return []change{{
			property: "ensure", message: "removed", failure: "change from 'present' to '" + ensure + "' failed",
			do: func() error {
				return aptError(a.node.Uninstall(name), map[string]string{"absent": "remove", "purged": "remove --purge"}[ensure], name)
			},
		}}, nil
	case "", "installed":
		ensure = "present"
	}
	if a.node.Installed(name) {
		return nil, nil
	}
	return []change{{
		property: "ensure", message: "created", failure: "change from 'purged' to '" + ensure + "' failed",
		do: func() error { return aptError(a.node.Install(name), "install", name) },
	}}, nil
}

// aptError words a failed installation as the run of apt-get it stands for.
func aptError(err error, action, name string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if !strings.HasPrefix(text, "E: ") {
		text = "E: " + text
	}
	return errors.New("Execution of '/usr/bin/apt-get -q -y -o DPkg::Options::=--force-confold " + action + " " + name + "' returned 100: " +
		"Reading package lists...\nBuilding dependency tree...\nReading state information...\n" + text)
}

func applyService(ctx context.Context, a *apply, r *Resource) ([]change, error) {
	name := r.titled("name")
	act := func(action string) func() error {
		return func() error { return a.node.Service(ctx, name, action) }
	}
	var out []change
	if want := r.text("ensure"); want != "" {
		up := want == "running" || want == "true"
		running := a.node.Service(ctx, name, "status") == nil
		if up != running {
			states := [2]string{"stopped", "running"}
			actions := [2]string{"stop", "start"}
			from, to := states[boolInt(running)], states[boolInt(up)]
			ch := changed("ensure", from, to, act(actions[boolInt(up)]))
			ch.settled = up
			out = append(out, ch)
		}
	}
	if want := r.text("enable"); want == "true" || want == "false" {
		have := a.node.Service(ctx, name, "is-enabled") == nil
		if have != (want == "true") {
			out = append(out, changed("enable", render(have), want, act(map[string]string{"true": "enable", "false": "disable"}[want])))
		}
	}
	return out, nil
}

// refreshService restarts a service that runs.
func refreshService(ctx context.Context, a *apply, r *Resource) error {
	name := r.titled("name")
	if running := a.node.Service(ctx, name, "status") == nil; !running {
		return nil
	}
	if err := a.wait(ctx, a.sim.data.Times.Changes["Service restart"]); err != nil {
		return err
	}
	if line := r.text("restart"); line != "" {
		if out, exit := a.node.Exec(ctx, line); exit != 0 {
			return errors.New("Could not restart " + r.Ref() + ": Execution of '" + line + "' returned " + render(int64(exit)) + ": " + strings.TrimSpace(out))
		}
		return nil
	}
	return a.node.Service(ctx, name, "restart")
}

// program is the command of an exec with what its path, folder and environment add.
func program(r *Resource, line string) string {
	var b strings.Builder
	if p := strings.Join(r.many("path"), ":"); p != "" {
		b.WriteString("export PATH=" + quoteShell(p) + "; ")
	}
	for _, e := range r.many("environment") {
		if name, value, ok := strings.Cut(e, "="); ok {
			b.WriteString("export " + name + "=" + quoteShell(value) + "; ")
		}
	}
	if dir := r.text("cwd"); dir != "" {
		b.WriteString("cd " + quoteShell(dir) + " && ")
	}
	return b.String() + line
}

func checkExec(r *Resource) string {
	for _, line := range slices.Concat([]string{r.titled("command")}, r.many("unless"), r.many("onlyif")) {
		word := strings.Trim(strings.SplitN(strings.TrimSpace(line), " ", 2)[0], `"'`)
		if word == "" {
			return "Parameter command failed on " + r.Ref() + ": Command must be a String or Array<String>, got value of class String"
		}
		if !strings.HasPrefix(word, "/") && len(r.many("path")) == 0 && r.text("provider") != "shell" {
			return "Validation of " + r.Ref() + " failed: '" + line + "' is not qualified and no path was specified. Please qualify the command or specify a path."
		}
	}
	for _, name := range []string{"creates", "cwd"} {
		for _, p := range r.many(name) {
			if !strings.HasPrefix(p, "/") {
				return "Parameter " + name + " failed on " + r.Ref() + ": " + name + " must be a fully qualified path"
			}
		}
	}
	for _, e := range r.many("environment") {
		name, _, ok := strings.Cut(e, "=")
		if !ok || !isWordStart(name) || qualified(name, false) != len(name) {
			return "Parameter environment failed on " + r.Ref() + ": Invalid environment setting '" + e + "'"
		}
	}
	return ""
}

// wanted tells whether an exec should run: its creates, unless and onlyif.
func wanted(ctx context.Context, a *apply, r *Resource) bool {
	for _, name := range r.many("creates") {
		if _, err := a.node.Stat(name); err == nil {
			return false
		}
	}
	for _, line := range r.many("unless") {
		if _, exit := a.node.Exec(ctx, program(r, line)); exit == 0 {
			return false
		}
	}
	for _, line := range r.many("onlyif") {
		if _, exit := a.node.Exec(ctx, program(r, line)); exit != 0 {
			return false
		}
	}
	return true
}

func applyExec(ctx context.Context, a *apply, r *Resource) ([]change, error) {
	if r.flag("refreshonly") || !wanted(ctx, a, r) {
		return nil, nil
	}
	return []change{{
		property: "returns", message: "executed successfully", failure: "change from 'notrun' to " + returnsText(r) + " failed",
		do: func() error { return execute(ctx, a, r, r.titled("command")) },
	}}, nil
}

func returns(r *Resource) []string {
	if codes := r.many("returns"); len(codes) > 0 {
		return codes
	}
	return []string{"0"}
}

func returnsText(r *Resource) string { return "['" + strings.Join(returns(r), "', '") + "']" }

func refreshExec(ctx context.Context, a *apply, r *Resource) error {
	if !wanted(ctx, a, r) {
		return nil
	}
	line := r.text("refresh")
	if line == "" {
		line = r.titled("command")
	}
	return execute(ctx, a, r, line)
}

// execute runs the command; its output is shown when it fails, or always when asked for.
func execute(ctx context.Context, a *apply, r *Resource, line string) error {
	out, exit := a.node.Exec(ctx, program(r, line))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code := render(int64(exit))
	good := slices.Contains(returns(r), code)
	word := strings.Trim(strings.SplitN(strings.TrimSpace(line), " ", 2)[0], `"'`)
	if !good && exit == 127 {
		return errors.New("Could not find command '" + word + "'")
	}
	if show := r.text("logoutput"); show == "true" || !good && show != "false" {
		for _, s := range strings.Split(strings.TrimRight(out, "\n"), "\n") {
			if s != "" {
				a.log.say(noticeLine, shownPath(r)+"/returns", s)
			}
		}
	}
	if !good {
		return errors.New("'" + line + "' returned " + code + " instead of one of [" + strings.Join(returns(r), ", ") + "]")
	}
	return nil
}

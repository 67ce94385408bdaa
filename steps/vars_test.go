package steps_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"matou/steps"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	vars := steps.Vars{"a": "1", "b.c": "two", "empty": ""}
	tests := []struct{ in, want, sketch string }{
		{"", "", ""},
		{"plain $HOME {x}", "plain $HOME {x}", "plain $HOME {x}"},
		{"${a}${b.c}", "1two", "1two"},
		{"x${a}y${a}z", "x1y1z", "x1y1z"},
		{"$${a} ${a}", "${a} 1", "${a} 1"},
		{"$$${a}", "$${a}", "$${a}"},
		{"${a", "${a", "${a"},
		{"${a}$", "1$", "1$"},
		{"[${empty}]", "[]", "[]"},
	}
	for _, tt := range tests {
		if got, err := steps.Expand(tt.in, vars, nil); got != tt.want || err != nil {
			t.Errorf("Expand(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
		if got := steps.Sketch(tt.in, vars); got != tt.sketch {
			t.Errorf("Sketch(%q) = %q, want %q", tt.in, got, tt.sketch)
		}
	}
	_, err := steps.Expand("${z} ${y} ${z} ${a}", vars, nil)
	var f *steps.Failure
	if !errors.As(err, &f) || f.Kind != steps.FailValue || f.Cause != "no value yet for y, z" {
		t.Errorf("names without a value: %v", err)
	}
	if got := steps.Sketch("${z}", vars); got != "<z>" {
		t.Errorf("sketched %q", got)
	}
	if got := steps.Names("${b} $${c} ${a} ${b}"); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("names %q", got)
	}
	if got, _ := steps.Expand("${a} x", vars, func(s string) string { return "<" + s + ">" }); got != "<1> x" {
		t.Errorf("quoted %q", got)
	}
}

// TestExpandAnything: whatever a template holds, Names lists all that Expand needs; values are taken
// as they are, whatever they hold.
func TestExpandAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		template := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"$", "{", "}", "${", "a", "${a}", "${b.c}", "$${", "é", " "})).Draw(t, "template"), "")
		value := rapid.SampledFrom([]string{"", "1", "${a}", "$${", "}"}).Draw(t, "value")
		vars := steps.Vars{}
		for _, name := range steps.Names(template) {
			if _, err := steps.Expand(template, vars, nil); err == nil {
				t.Errorf("%q expands without %q", template, name)
			}
			vars[name] = value
		}
		got, err := steps.Expand(template, vars, nil)
		if err != nil {
			t.Errorf("%q with all of its names: %v", template, err)
		}
		quoted, _ := steps.Expand(template, vars, func(s string) string { return "Q" + s })
		if n := strings.Count(quoted, "Q"); strings.ReplaceAll(quoted, "Q", "") != got || len(vars) > 0 && n == 0 {
			t.Errorf("%q: %q, quoted %q", template, got, quoted)
		}
		if steps.Sketch(template, vars) != got {
			t.Errorf("%q: sketched %q, expanded %q", template, steps.Sketch(template, vars), got)
		}
		literal := strings.ReplaceAll(template, "${", "$${")
		if !strings.Contains(template, "$$") {
			if back, err := steps.Expand(literal, nil, nil); err != nil || back != template {
				t.Errorf("%q escaped is %q and expands to %q, %v", template, literal, back, err)
			}
		}
	})
}

func TestVarsWith(t *testing.T) {
	t.Parallel()
	v := steps.Vars{"a": "1", "b": "2"}
	got := v.With(map[string]string{"b": "3", "c": "4"})
	if v["b"] != "2" || len(v) != 2 || got["a"] != "1" || got["b"] != "3" || got["c"] != "4" {
		t.Errorf("%v with more: %v", v, got)
	}
	if steps.Vars(nil).With(nil) == nil {
		t.Error("nothing with nothing is nil: nobody could add to it")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"master-boot", "master-show", "web-boot", "web-join", "bz2", "bz3"}
	tests := []struct{ in, want string }{
		{"web-bot", "web-boot"},
		{"WEB-JOIN", "web-join"},
		{"join", "web-join"},
		{"boot", "web-boot master-boot"},
		{"bz4", "bz2 bz3"},
		{"nothing-like-it", ""},
		{"", ""},
		{strings.Repeat("x", 1<<20), ""},
	}
	for _, tt := range tests {
		if got := strings.Join(steps.Nearest(tt.in, names), " "); got != tt.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", tt.in, got, tt.want)
		}
	}
	if got := steps.Nearest("a", []string{"xy", "b", "c", "d", "e"}); len(got) > 3 {
		t.Errorf("%q", got)
	}
}

func TestBuiltins(t *testing.T) {
	t.Parallel()
	w := &steps.Workshop{Name: "course"}
	for seat, want := range map[string]string{"7": "07", "web-07": "07", "42": "42", "0": "00", "alice": "", "100": "", "1-2-3": "", "07": "07"} {
		vars := steps.Builtins(w, seat)
		number, ok := vars["seat.number"]
		if number != want || ok != (want != "") || vars["seat"] != seat || vars["workshop"] != "course" {
			t.Errorf("seat %s: %v", seat, vars)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	w := &steps.Workshop{Params: []steps.Param{
		{Name: "host", Type: "string", Default: "jump"},
		{Name: "port", Type: "int", Default: "22${seat.number}"},
		{Name: "url", Type: "string", Default: "http://${host}:${port}/"},
		{Name: "loud", Type: "bool", Default: "false"},
		{Name: "word", Type: "secret", Default: "moutarde"},
	}}
	known := steps.Vars{"seat.number": "07"}
	got, err := w.Resolve(map[string]string{"host": "here"}, known)
	if err != nil || got["url"] != "http://here:2207/" || got["word"] != "moutarde" || len(known) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	got, err = w.Resolve(nil, steps.Vars{})
	if _, ok := got["port"]; ok || err != nil {
		t.Errorf("a default that names an unknown value: %v, %v", got, err)
	}
	if _, ok := got["url"]; ok {
		t.Error("one that stands on it has a value")
	}
	_, err = w.Resolve(map[string]string{"port": "many", "loud": "yes", "hots": "x"}, known)
	var f *steps.Failure
	if !errors.As(err, &f) || f.Kind != steps.FailValue {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{`port: "many" is no whole number`, `loud: "yes" is neither`, `no parameter "hots": did you mean host`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

func TestTextIn(t *testing.T) {
	t.Parallel()
	text := steps.Text{"fr": "oui", "en": "yes", "": ""}
	if text.In("fr") != "oui" || text.In("de") != "" || (steps.Text{"fr": "oui", "it": "si"}).In("de") != "oui" || steps.Text(nil).In("fr") != "" {
		t.Error("a text that is not there is not the first there is")
	}
}

func TestCheckShell(t *testing.T) {
	t.Parallel()
	good := []string{
		"ls ${a}/x", "a=${b} c", "for x in $(echo ${a}); do b; done", `echo "$(cat ${a})"`, "cat <${a} >${b}", `python3 -c 'import flask'`,
		"case ${a} in x) y;; esac", "echo $${a}", "cat <<x\nliteral\nx", "",
	}
	for _, line := range good {
		if err := steps.CheckShell(line); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	bad := []string{
		"echo '${a}'", `echo "${a}"`, "echo # ${a}", "cat <<x\n${a}\nx", "cat <<'x'\n${a}\nx", `echo \${a}`, `echo "$${x:-${a}}"`, "echo $((${a}))",
		"echo (", "echo 'x", "echo \ue000 ${a}", "echo `", "cat <<${a}\nx\n", "$'${a}'",
	}
	for _, line := range bad {
		if steps.CheckShell(line) == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

func FuzzCheckShell(f *testing.F) {
	for _, s := range []string{"ls ${a}", "echo '${a}'", "cat <<x\n${a}\nx", "echo \"$(ls ${a})\" # ${b}", "echo `echo ${a}`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) { _ = steps.CheckShell(line) })
}

package steps_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"matou/steps"
)

// lesson is a workshop that has one of everything.
const lesson = `title: {fr: Un, en: One}
languages: [fr, en]
decks: {fr: deck.md, en: deck.md}
slides: [intro, boot, end]
params:
  - name: host
    default: jump.example.org
    help: {fr: Ici, en: Here}
  - name: port
    type: int
    default: "22${seat.number}"
  - name: word
    type: secret
    default: "${host}-secret"
hops:
  - {name: jump, user: me, host: "${host}", port: "${port}", password: "${word}"}
  - {name: inner, via: jump, user: me, host: "${box.address}", server: "${box.id}"}
cloud: {hop: jump, openrc: openrc, api_via: jump, ports: ["22", "${port}"], open_ports: true}
placeholders: {XX: "${port}"}
sandbox: {world: world, params: {host: "${sandbox.host}"}}
steps:
  - id: first
    title: {fr: Un, en: One}
    slides: [intro]
    panes: [log]
    expect: 3s
    actions:
      - name: make
        kind: make
        with: {name: "${host}", count: "2", file: data/a.yaml, more: [a, b], pairs: {a: "${port}"}}
        save: {box.id: id, box.address: address}
        timeout: 1m
        within: 5m
        expect: 1s
    undo:
      - kind: make
        with: {name: gone}
  - id: second
    title: {fr: Deux, en: Two}
    slides: [boot]
    needs: [first]
    hints: [{fr: Oui, en: Yes}]
    confirm: {fr: Bien, en: Sure}
    victory: true
    actions:
      - kind: tail
        background: true
        with: {hop: inner}
      - kind: run
        title: {fr: Fait, en: Do}
        command: "do ${box.id}"
        with: {hop: inner, command: "echo ${box.id} && ls", match: '^${box.address}$', wait: 90s, loud: true}
    checks:
      - kind: run
        with: {hop: inner, command: "true"}
        save: {second.exit: exit}
  - id: third
    title: {fr: Trois, en: Three}
    needs: [second]
    checks:
      - kind: hold
        with: {steps: [first, second], hops: [inner]}
      - kind: make
        with: {name: "${second.exit}"}
conceal: true
`

var kinds = map[string]steps.Schema{
	"make": {Kind: "make", Timeout: time.Hour, Results: []string{"id", "address"}, Fields: map[string]steps.Field{
		"name": {Type: steps.FieldString, Required: true}, "count": {Type: steps.FieldInt}, "file": {Type: steps.FieldFile},
		"more": {Type: steps.FieldList}, "pairs": {Type: steps.FieldMap},
	}},
	"tail": {Kind: "tail", Fields: map[string]steps.Field{"hop": {Type: steps.FieldHop, Required: true}}},
	"run": {Kind: "run", Timeout: time.Minute, Results: []string{"exit"}, Fields: map[string]steps.Field{
		"hop": {Type: steps.FieldHop, Required: true}, "command": {Type: steps.FieldShell, Required: true},
		"match": {Type: steps.FieldPattern}, "wait": {Type: steps.FieldDuration}, "loud": {Type: steps.FieldBool},
	}},
	"hold": {Kind: "hold", Fields: map[string]steps.Field{"steps": {Type: steps.FieldSteps, Required: true}, "hops": {Type: steps.FieldHops}}},
}

func load(text string) (*steps.Workshop, error) {
	return steps.Load("lesson", fstest.MapFS{
		steps.WorkshopFile: {Data: []byte(text)}, "deck.md": {}, "data/a.yaml": {}, "world/world.yaml": {},
	}, kinds)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	w, err := load(lesson)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintln(w.Slides, w.Languages, w.Decks["en"], w.Placeholders, w.Conceal, w.Sandbox, w.Cloud); got !=
		"[intro boot end] [fr en] deck.md map[XX:${port}] true {world map[host:${sandbox.host}]} {jump openrc jump [22 ${port}] true }\n" {
		t.Error(got)
	}
	make1 := w.Steps[0].Actions[0]
	if make1.Timeout != time.Minute || make1.Within != 5*time.Minute || make1.Expect != time.Second || make1.Line != 28 {
		t.Errorf("%+v", make1)
	}
	if v := make1.With["more"].List; !slices.Equal(v, []string{"a", "b"}) {
		t.Error(v)
	}
	if v := make1.With["pairs"].Map["a"]; v != "${port}" {
		t.Error(v)
	}
	if undo := w.Steps[0].Undo[0]; undo.Name != "make" || undo.Timeout != time.Hour {
		t.Errorf("an action without a name or a timeout: %+v", undo)
	}
	second := w.Steps[1]
	if !second.Victory || second.Confirm.In("en") != "Sure" || !second.Actions[0].Background || second.Hints[0].In("fr") != "Oui" {
		t.Errorf("%+v", second)
	}
	if got := w.Chain("inner"); len(got) != 2 || got[0].Name != "jump" || got[1].Port != "22" {
		t.Errorf("%+v", got)
	}
	if w.Chain("nowhere") != nil {
		t.Error("a way to nowhere")
	}
}

// TestProblems: each mistake is told with its place, and nothing else is.
func TestProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		old, new string // in lesson; the first occurrence
		want     string
	}{
		{"unknown key, and what is under it is still known", "params:", "parms:", `5:1: unknown key "parms" in the workshop: did you mean params?`},
		{"unknown key that is near nothing", "panes: [log]", "zzzzzz: [log]", `25:5: unknown key "zzzzzz" in step "first": there is actions, checks, confirm, expect, hints, id, needs, panes, slides, title, undo, victory`},
		{"doubled key", "    expect: 3s\n", "    expect: 3s\n    expect: 4s\n", `27:5: "expect" stands twice in step "first"`},
		{"doubled language", "{fr: Un, en: One}\nl", "{fr: Un, en: One, fr: Deux}\nl", `1:26: "fr" stands twice in title`},
		{"wrong type: mapping", `cloud: {hop: jump, openrc: openrc, api_via: jump, ports: ["22", "${port}"], open_ports: true}`, "cloud: jump", `18:8: cloud must be a mapping`},
		{"wrong type: list", "slides: [intro]", "slides: intro", `24:13: slides must be a list`},
		{"wrong type: text", "name: make", "name: [make]", `28:15: name must be a text`},
		{"nothing there", "name: make", "name:", `28:14: name must be a text`},
		{"wrong type: truth", "victory: true", "victory: yes", `44:14: victory must be true or false`},
		{"wrong type: parameter", "type: int", "type: number", `10:11: type is one of string, int, bool, secret, not "number"`},
		{"missing field", "{hop: jump, openrc: openrc, api_via: jump, ports: [\"22\", \"${port}\"], open_ports: true}", "{hop: jump}", `18:8: cloud needs "openrc"`},
		{"no such hop for the API", "api_via: jump", "api_via: jumq", `18:45: no hop "jumq": did you mean jump?`},
		{"no port", `ports: ["22",`, `ports: [ssh,`, `18:59: each of ports must be a whole number`},
		{"not a truth", "open_ports: true", "open_ports: yes", `18:89: open_ports must be true or false`},
		{"missing id", "  - id: third\n    title", "  - title", `57:5: step "" needs "id"`},
		{"bad id", "slides: [intro, boot, end]", "slides: [intro, boot, End]", `4:23: each of slides "End": only lower-case letters, digits and dashes`},
		{"unknown kind", "kind: tail", "kind: tial", `46:15: unknown kind "tial": did you mean tail?`},
		{"no kind", "      - kind: tail\n        background: true\n", "      - background: true\n", `46:9: an action needs "kind"`},
		{"kind's field missing", "with: {hop: inner}\n", "with: {}\n", `48:15: tail's with needs "hop"`},
		{"kind's fields missing", "        with: {hop: inner, command: \"true\"}\n", "", `54:9: run needs with: command, hop`},
		{"kind's field unknown", "count: \"2\"", "cuont: \"2\"", `30:33: unknown key "cuont" in make's with: did you mean count?`},
		{"kind's result unknown", "address: address}", "address: addres}", `31:41: make gives no "addres": did you mean address?`},
		{"bad number", `count: "2"`, `count: "2b"`, `30:40: make count must be a whole number`},
		{"bad duration", "wait: 90s", "wait: 90", `52:94: run wait must be a duration such as 90s or 5m`},
		{"bad duration of an action", "within: 5m", "within: -5m", `33:17: within must be a duration such as 90s or 5m`},
		{"bad pattern, though it names a value", "'^${box.address}$'", "'^(${box.address}$'", "52:68: run match: error parsing regexp: missing closing ): `^(<box.address>$`"},
		{"bad truth", "loud: true", "loud: 1", `52:105: run loud must be true or false`},
		{"bad shell", "echo ${box.id} && ls", "echo ${box.id} && (ls", "52:37: run command: no command line of a shell: 1:13: reached EOF without matching `(` with `)`"},
		{"a value between quotes", "echo ${box.id} && ls", "echo '${box.id}' && ls", `52:37: run command: each ${value} must stand outside of quotes, comments and here-documents: it is quoted as it is filled in`},
		{"dangling slide", "slides: [boot]", "slides: [boto]", `40:14: no slide "boto": did you mean boot?`},
		{"dangling step", "steps: [first, second]", "steps: [first, secnd]", `62:31: no step "secnd": did you mean second?`},
		{"dangling need", "needs: [second]", "needs: [secnd]", `59:13: needs "secnd": no step of that id stands before: did you mean second?`},
		{"a step that holds itself up", "steps: [first, second]", "steps: [first, third]", `62:31: step "third" does not stand before "third"`},
		{"dangling hop", "with: {hop: inner}\n", "with: {hop: iner}\n", `48:21: no hop "iner": did you mean inner?`},
		{"dangling hop in a list", "hops: [inner]", "hops: [iner]", `62:47: no hop "iner": did you mean inner?`},
		{"dangling hop of the cloud", "{hop: jump, openrc", "{hop: jmp, openrc", `18:14: no hop "jmp": did you mean jump?`},
		{"dangling via", "via: jump", "via: inner", `17:24: via "inner": no hop of that name stands before`},
		{"dangling file", "data/a.yaml", "data/b.yaml", `30:51: make file "data/b.yaml": no such file in the workshop`},
		{"file outside", "data/a.yaml", "../deck.md", `30:51: make file "../deck.md": no such file in the workshop`},
		{"dangling deck", "en: deck.md", "en: duck.md", `3:8: deck "duck.md": no such file`},
		{"dangling world", "world: world", "world: moon", `20:18: world "moon": no such folder`},
		{"dangling parameter", "params: {host", "params: {hots", `20:34: no parameter "hots": did you mean host?`},
		{"dangling value", `XX: "${port}"`, `XX: "${prot}"`, `19:20: nothing gives a value to ${prot}: did you mean port?`},
		{"dangling value in a map", `pairs: {a: "${port}"}`, `pairs: {a: "${prot}"}`, `30:89: nothing gives a value to ${prot}: did you mean port?`},
		{"default of a later parameter", "default: jump.example.org", `default: "${word}"`, `7:14: default: no parameter "word" stands before`},
		{"default of a saved value", `"22${seat.number}"`, `"${box.id}"`, `11:14: default: no parameter "box.id" stands before`},
		{"value used before it is saved", `with: {name: "${host}"`, `with: {name: "${second.exit}"`, `30:22: ${second.exit} is saved only by the later step "second"`},
		{"value of a step that is not needed", "    needs: [first]\n", "", "" +
			`47:21: ${box.address} is saved by step "first", which "second" does not need` + "\n" +
			`50:18: ${box.id} is saved by step "first", which "second" does not need` + "\n" +
			`51:21: ${box.address} is saved by step "first", which "second" does not need` + "\n" +
			`51:37: ${box.id} is saved by step "first", which "second" does not need` + "\n" +
			`51:68: ${box.address} is saved by step "first", which "second" does not need` + "\n" +
			`54:21: ${box.address} is saved by step "first", which "second" does not need` + "\n" +
			`61:47: ${box.address} is saved by step "first", which "third" does not need`},
		{"missing translation", "title: {fr: Deux, en: Two}", "title: {fr: Deux}", `39:12: title has no text in "en"`},
		{"unknown language", "{fr: Ici, en: Here}", "{fr: Ici, en: Here, de: Hier}", `8:31: help has a text in "de", which is not among the languages`},
		{"deck in an unknown language", "en: deck.md}", "en: deck.md, de: deck.md}", `3:35: decks has one in "de", which is not among the languages`},
		{"missing deck", ", en: deck.md}", "}", `3:8: decks has none in "en"`},
		{"doubled step", "with: {name: \"${second.exit}\"}\n", "with: {name: a}\n  - {id: third, title: {fr: a, en: a}, checks: [{kind: make, with: {name: a}}]}\n", `65:5: step "third" stands twice`},
		{"doubled parameter", "  - name: port", "  - name: host\n  - name: port", `9:5: parameter "host" stands twice`},
		{"doubled slide", "[intro, boot, end]", "[intro, boot, intro]", `4:23: slide "intro" stands twice`},
		{"empty step", "    checks:\n      - kind: hold\n        with: {steps: [first, second], hops: [inner]}\n      - kind: make\n        with: {name: \"${second.exit}\"}\n", "", `57:5: step "third" has neither actions nor checks`},
		{"syntax", "cloud: {hop", "cloud: }hop", `18:12: mapping values are not allowed in this context: look at the blanks this line and those above begin with, and for an open quote or bracket`},
		{"syntax: tabs", "    title: {fr: Un", "\ttitle: {fr: Un", `23:1: found a tab character that violates indentation: look at the blanks this line and those above begin with, and for an open quote or bracket`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if strings.Count(lesson, tt.old) == 0 {
				t.Fatalf("%q is not in the lesson", tt.old)
			}
			_, err := load(strings.Replace(lesson, tt.old, tt.new, 1))
			var got string
			if err != nil {
				got = strings.ReplaceAll(err.Error(), steps.WorkshopFile+":", "")
			}
			if got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			var problems steps.Problems
			if !errors.As(err, &problems) || problems[0].File != steps.WorkshopFile {
				t.Errorf("%T", err)
			}
		})
	}
}

// TestAllProblemsAtOnce: mistakes of every sort in one file are all told, in the file's order, the
// same way each time.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	bad := strings.NewReplacer(
		"slides: [boot]", "slides: [boto]", "kind: tail", "kind: tial", "wait: 90s", "wait: soon", `XX: "${port}"`, `XX: "${prot}"`,
		"panes: [log]", "pains: [log]", "help: {fr: Ici, en: Here}", "help: {de: Hier, it: Qui}",
	).Replace(lesson)
	_, first := load(bad)
	want := []string{"8:11:", "8:11:", "8:12:", "8:22:", "19:20:", "25:5:", "40:14:", "46:15:", "52:94:"}
	lines := strings.Split(first.Error(), "\n")
	for i, w := range want {
		if i >= len(lines) || !strings.HasPrefix(lines[i], steps.WorkshopFile+":"+w) {
			t.Errorf("problem %d is not at %s", i, w)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(lines), len(want), first)
	}
	for range 20 {
		if _, err := load(bad); err.Error() != first.Error() {
			t.Fatalf("another order:\n%s\n\n%s", first, err)
		}
	}
}

func TestLoadOfNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "5", "[]", "---\n", strings.Repeat("#", 2<<20)} {
		if _, err := load(text); err == nil {
			t.Errorf("%.10q is a workshop", text)
		}
	}
	if _, err := steps.Load("x", fstest.MapFS{}, kinds); err == nil {
		t.Error("a workshop without a file")
	}
}

// TestLoadAliases: a small file whose aliases make a large one is refused before it takes long.
func TestLoadAliases(t *testing.T) {
	t.Parallel()
	of := func(name string) string {
		return "[" + strings.TrimSuffix(strings.Repeat("*"+name+", ", 1000), ", ") + "]"
	}
	text := strings.Replace(lesson, "languages: [fr, en]", "languages: [fr, en]\nx: &a {kind: make, with: {name: a}, title: {fr: a, en: a}}\ny: &s {id: s, title: {fr: a, en: a}, actions: "+of("a")+"}", 1)
	text = strings.Replace(text, "steps:\n", "stepz: "+of("s")+"\nsteps:\n", 1)
	began := time.Now()
	_, err := load(text)
	if err == nil || !strings.Contains(err.Error(), "too much: more than") {
		t.Errorf("%.500v", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %s", took)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(lesson)
	f.Add("steps: &a [*a]\nslides: []\n")
	f.Add("steps:\n  - id: a\n    actions:\n      - {kind: run, with: {hop: a, command: \"a <<x\\n${y}\\nx\"}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		w, err := load(text)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("took %s", took)
		}
		var problems steps.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				if p.Text == "" || p.Line < 0 || p.Line > 0 && p.Col < 1 {
					t.Errorf("a problem without a text or a place: %+v", p)
				}
			}
			return
		}
		for i, s := range w.Steps { // what is loaded can be played
			for _, need := range s.Needs {
				if at := slices.IndexFunc(w.Steps, func(s steps.Step) bool { return s.ID == need }); at < 0 || at >= i {
					t.Errorf("%s needs %s", s.ID, need)
				}
			}
		}
		steps.Replay(w, nil)
	})
}

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"matou/steps"
)

// transcript is what a play of the workshop printed on its hosts, step by step, with what differs from
// run to run taken out. It is made from the lines of play --json: see [transcript.Write].
type transcript struct {
	hops  map[string]bool
	steps map[steps.ID][]steps.RecordedLine
	order []steps.ID

	rest   []byte
	began  map[steps.ID]time.Time
	kind   map[steps.ID]string
	values map[string]string // what stood in this run -> what stands in the recording
}

// newTranscript begins the transcript of a play at a seat.
func newTranscript(w *steps.Workshop, seat string) *transcript {
	r := &transcript{
		hops: map[string]bool{}, steps: map[steps.ID][]steps.RecordedLine{}, began: map[steps.ID]time.Time{},
		kind: map[steps.ID]string{}, values: map[string]string{},
	}
	for _, h := range w.Hops {
		r.hops[h.Name] = true
	}
	r.names(w, seat)
	return r
}

// names takes out what a seat's servers are called: parameters that are names, and other ones at another seat.
func (r *transcript) names(w *steps.Workshop, seat string) {
	of := func(seat string) steps.Vars {
		vars, err := w.Resolve(nil, steps.Builtins(w, seat))
		if err != nil {
			return nil // the play will say so
		}
		return vars
	}
	here, there := of(seat), of(seat+"0")
	for _, p := range w.Params {
		if v := here[p.Name]; v != there[p.Name] && strings.ContainsFunc(v, unicode.IsLetter) && strings.Contains(v, seat) {
			r.values[v] = "${" + p.Name + "}"
		}
	}
}

// Write takes the output of play --json.
func (r *transcript) Write(data []byte) (int, error) {
	r.rest = append(r.rest, data...)
	for {
		line, rest, ok := bytes.Cut(r.rest, []byte("\n"))
		if !ok {
			return len(data), nil
		}
		r.rest = rest
		var e struct {
			Type, Source, Text, Kind, Command string
			Step                              steps.ID
			Phase                             steps.Phase
			At                                time.Time
			Values                            map[string]string
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return 0, fmt.Errorf("record: %w", err)
		}
		r.event(e.Type, e.Step, e.Phase, e.Kind, e.Command, e.At, e.Values)
		if e.Type == "output" && r.hops[e.Source] && r.kind[e.Step] != "" {
			r.add(e.Step, e.At, steps.RecordedLine{Source: e.Source, Text: e.Text})
		}
	}
}

func (r *transcript) event(kind string, step steps.ID, phase steps.Phase, action, command string, at time.Time, values map[string]string) {
	for name, value := range values {
		parts := steps.Items(value)
		for i, v := range parts {
			place := name
			if len(parts) > 1 {
				place = fmt.Sprintf("%s %d", name, i+1)
			}
			if len(v) >= 7 && strings.ContainsAny(v, "0123456789") { // addresses, ids: not a number, nor a yes
				r.values[v] = "${" + place + "}"
			}
		}
	}
	switch steps.EventType(kind) {
	case steps.StepStarted:
		r.began[step] = at
		r.order = append(r.order, step)
	case steps.ActionStarted:
		r.kind[step] = ""
		if phase != steps.PhaseCheck {
			r.kind[step] = action
			r.add(step, at, steps.RecordedLine{Kind: action, Command: command})
		}
	default:
	}
}

func (r *transcript) add(step steps.ID, at time.Time, line steps.RecordedLine) {
	line.Ms = at.Sub(r.began[step]).Milliseconds()
	r.steps[step] = append(r.steps[step], line)
}

// varying is what differs from run to run, and what stands for it.
type varying struct {
	expr *regexp.Regexp
	with string
}

// changing is what no two runs have in common. Only a recording has to know it.
var changing = sync.OnceValue(func() []varying {
	return []varying{
		{regexp.MustCompile(`\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b`), "$${fingerprint}"},
		{regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`), "SHA256:$${fingerprint}"},
		{regexp.MustCompile(`\{(sha256|md5)\}[0-9a-f]{32,64}`), "{${1}}$${sum}"},
		{regexp.MustCompile(`configuration version '\d+'`), "configuration version '$${version}'"},
		{regexp.MustCompile(`with sum [0-9a-f]{32,64}`), "with sum $${sum}"},
		{regexp.MustCompile(`/tmp/puppet-file\S+\s*`), "/tmp/puppet-file$${random} "}, // the gap is a tab's
		{regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( [+-]\d{4})?`), "$${time}"},
		{regexp.MustCompile(`\bin \d+(\.\d+)? seconds`), "in $${n} seconds"},
		{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "$${id}"},
	}
})

// scrub takes out of a line what belongs to one run.
func (r *transcript) scrub(text string) string {
	found := make([]string, 0, len(r.values))
	for v := range r.values {
		found = append(found, v)
	}
	// The longest first: an address may be the beginning of another.
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for _, v := range found {
		text = strings.ReplaceAll(text, v, r.values[v])
	}
	for _, v := range changing() {
		text = v.expr.ReplaceAllString(text, v.with)
	}
	return text
}

// digestFile holds what a recording was made from.
const digestFile = "made-from"

// save writes a recording to a folder, in place of the one that is there.
func (r *transcript) save(dir string, workshop fs.FS) error {
	sum, err := recordingDigest(workshop)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save recording: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return fmt.Errorf("save recording: %w", err)
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("save recording: %w", err)
		}
	}
	for _, step := range r.order {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		for _, line := range r.steps[step] {
			line.Text, line.Command = r.scrub(line.Text), r.scrub(line.Command)
			if err := enc.Encode(line); err != nil {
				return fmt.Errorf("save recording: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, string(step)+".jsonl"), b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("save recording: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, digestFile), []byte(sum+"\n"), 0o644); err != nil {
		return fmt.Errorf("save recording: %w", err)
	}
	return nil
}

// recordingDigest is the hash of the parts of a workshop that its hosts' output comes from.
func recordingDigest(workshop fs.FS) (string, error) {
	h := sha256.New()
	for _, part := range []string{"app", "control", "user-data"} {
		err := fs.WalkDir(workshop, part, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(workshop, name)
			fmt.Fprintf(h, "%s\x00%x\x00", name, sha256.Sum256(data))
			return err
		})
		if err != nil {
			return "", fmt.Errorf("hash the workshop: %w", err)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

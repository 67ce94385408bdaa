package steps

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// RecordedLine is one line of the recording of a step: an action that begins, which has a Kind, or a
// line that a host has said. In its texts ${name} stands for what differed from run to run.
type RecordedLine struct {
	Ms      int64  `json:"ms"` // since the step began
	Kind    string `json:"kind,omitempty"`
	Command string `json:"command,omitempty"`
	Source  string `json:"source,omitempty"` // the hop
	Text    string `json:"text,omitempty"`
}

// ErrNoRecording means that nobody has recorded a step.
var ErrNoRecording = errors.New("there is no recording of this step")

// recordedDir is the folder of the recordings, in that of the workshop's sandbox.
const recordedDir = "recorded"

// The most a recording may hold: a workshop is somebody's folder.
const (
	maxRecording     = 8 << 20 // bytes
	maxRecordedLines = 20000
)

// HasRecording tells whether a step was recorded.
func (w *Workshop) HasRecording(id ID) bool {
	_, err := fs.Stat(w.Files, w.recordingOf(id))
	return err == nil
}

func (w *Workshop) recordingOf(id ID) string {
	if _, ok := w.Step(id); !ok || w.Files == nil || w.Sandbox.World == "" {
		return ""
	}
	return path.Join(w.Sandbox.World, recordedDir, string(id)+".jsonl")
}

// Recording reads what a step printed when the workshop was recorded on real hosts, which matou lab
// record does. ErrNoRecording when it was not. Text is sanitised as it is for the screen, and what
// this seat knows stands in it: see [RecordedLine.Fill].
func (w *Workshop) Recording(id ID, vars Vars) ([]RecordedLine, error) {
	name := w.recordingOf(id)
	if name == "" {
		return nil, ErrNoRecording
	}
	file, err := w.Files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoRecording
	}
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	defer file.Close()
	lines, err := readRecording(file)
	if err != nil {
		return nil, fmt.Errorf("read recording: %s: %w", name, err)
	}
	for i := range lines {
		lines[i] = lines[i].Fill(vars)
	}
	return lines, nil
}

func readRecording(r io.Reader) ([]RecordedLine, error) {
	in := bufio.NewScanner(io.LimitReader(r, maxRecording))
	in.Buffer(make([]byte, 0, 4<<10), maxLogLine)
	var lines []RecordedLine
	for n := 1; in.Scan(); n++ {
		var l RecordedLine
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(lines) == maxRecordedLines {
			return nil, fmt.Errorf("more than %d lines", maxRecordedLines)
		}
		l.Kind, l.Source = Sanitize(l.Kind), Sanitize(l.Source)
		lines = append(lines, l)
	}
	return lines, in.Err()
}

// Fill is the line with this seat's values. What has none is marked: <name>.
func (l RecordedLine) Fill(vars Vars) RecordedLine {
	l.Command, l.Text = sanitizeLines(sketch(l.Command, vars.item)), Sanitize(sketch(l.Text, vars.item))
	return l
}

// item is a value by its name; "name 2" is the second of several in one, parted as they are there.
func (v Vars) item(name string) (string, bool) {
	if value, ok := v[name]; ok {
		return value, value != ""
	}
	name, index, ok := strings.Cut(name, " ")
	n, err := strconv.Atoi(index)
	parts := Items(v[name])
	if !ok || err != nil || n < 1 || n > len(parts) {
		return "", false
	}
	return parts[n-1], true
}

// Items are the values that stand in one: of several servers, say, the addresses.
func Items(value string) []string {
	return strings.FieldsFunc(value, func(c rune) bool { return c == ' ' || c == ',' })
}

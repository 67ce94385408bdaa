// Package cast records what a terminal shows as an asciicast, version 3
// (https://docs.asciinema.org/manual/asciicast/v3): JSON Lines, a header first, then events of which
// each says how many seconds after the one before it happened.
//
// A [Writer] writes one to any writer, each event in one piece, so that a recording of a program that
// is killed is whole up to its last event. [Terminal] and [Text] stand between a program and its
// terminal and record what goes by; what is typed is never recorded.
package cast

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"matou/steps"
)

// Header is what a recording says of itself. Cols and Rows are cells; 80 by 24 when they are zero.
type Header struct {
	Cols, Rows int
	Type       string // of the terminal: TERM
	At         time.Time
	Title      string
	Command    string
	// Idle is how long a player should let nothing happen; zero: as long as it was.
	Idle time.Duration
}

// Options are what a Writer needs besides its header.
type Options struct {
	// Mask takes out what nobody may see; nil: nothing.
	Mask *steps.Redactor
	// Lines says that the terminal itself turns line feeds into new lines (ONLCR, termios(3)), so
	// that the recording has to.
	Lines bool
	Now   func() time.Time // nil: time.Now
}

// Writer writes a recording. It is safe for concurrent use. After its first failure it writes nothing
// more: a show must not stop because a disk is full.
type Writer struct {
	o Options

	mu      sync.Mutex
	out     io.Writer
	began   time.Time
	last    time.Duration // of the last event written, since began: rounded, so that errors don't add up
	rest    string        // of output: may be half a character, or half a secret
	cr      bool          // the last byte of output was a carriage return
	trouble error
}

// New writes the header, and is ready for events.
func New(out io.Writer, h Header, o Options) (*Writer, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if h.At.IsZero() {
		h.At = o.Now()
	}
	if h.Cols <= 0 || h.Rows <= 0 {
		h.Cols, h.Rows = 80, 24
	}
	type terminal struct {
		Cols int    `json:"cols"`
		Rows int    `json:"rows"`
		Type string `json:"type,omitempty"`
	}
	header := struct {
		Version int      `json:"version"`
		Term    terminal `json:"term"`
		At      int64    `json:"timestamp"`
		Idle    float64  `json:"idle_time_limit,omitempty"`
		Command string   `json:"command,omitempty"`
		Title   string   `json:"title,omitempty"`
	}{3, terminal{h.Cols, h.Rows, h.Type}, h.At.Unix(), h.Idle.Seconds(), o.Mask.Text(h.Command), o.Mask.Text(h.Title)}
	w := &Writer{o: o, out: out, began: h.At}
	data, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if _, err := out.Write(append(data, '\n')); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return w, nil
}

// Output records what the terminal was given, now.
func (w *Writer) Output(text string) { w.OutputAt(w.o.Now(), text) }

// OutputAt records what the terminal was given at a time. A time before that of the last event
// counts as that one's.
func (w *Writer) OutputAt(at time.Time, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.output(at, text, false)
}

// output writes what is whole of what was kept back and text. The caller holds mu.
func (w *Writer) output(at time.Time, text string, end bool) {
	text = w.rest + text
	w.rest = ""
	if !end {
		cut := len(text) - max(half(text), w.o.Mask.Open(text))
		for cut > 0 && cut < len(text) && !utf8.RuneStart(text[cut]) {
			cut--
		}
		// What begins as a secret may well be the whole of what was shown: the letters come with the
		// next event then.
		w.rest, text = strings.Clone(text[cut:]), text[:cut]
	}
	text = w.o.Mask.Text(text)
	if w.o.Lines {
		text = w.returns(text)
	}
	if text != "" {
		w.event(at, "o", text)
	}
}

// returns puts a carriage return before each line feed that has none.
func (w *Writer) returns(text string) string {
	var b strings.Builder
	b.Grow(len(text) + strings.Count(text, "\n"))
	for i := range len(text) {
		if text[i] == '\n' && !w.cr {
			b.WriteByte('\r')
		}
		w.cr = text[i] == '\r'
		b.WriteByte(text[i])
	}
	return b.String()
}

// half is how many bytes at the end of a text are the beginning of a character (UTF-8).
func half(text string) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(text)); n++ {
		c := text[len(text)-n:]
		if utf8.RuneStart(c[0]) {
			if utf8.FullRuneInString(c) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Mark records that something begins: players jump to it by its label.
func (w *Writer) Mark(label string) { w.MarkAt(w.o.Now(), label) }

// MarkAt records a mark at a time.
func (w *Writer) MarkAt(at time.Time, label string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.event(at, "m", w.o.Mask.Text(label))
}

// Resize records a new size of the terminal, in cells.
func (w *Writer) Resize(cols, rows int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.event(w.o.Now(), "r", strconv.Itoa(cols)+"x"+strconv.Itoa(rows))
}

// End records how the program ended, and says what went wrong with the recording, if anything did.
// What was kept back is written first.
func (w *Writer) End(code int) error { return w.EndAt(w.o.Now(), code) }

// EndAt is End at a time.
func (w *Writer) EndAt(at time.Time, code int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.output(at, "", true)
	w.event(at, "x", strconv.Itoa(code))
	return w.trouble
}

// event writes a line. The caller holds mu.
func (w *Writer) event(at time.Time, code, text string) {
	if w.trouble != nil {
		return
	}
	since := max(at.Sub(w.began).Round(time.Millisecond), w.last)
	data, err := steps.SafeJSON(strings.ToValidUTF8(text, string(utf8.RuneError))) // people look at it with cat
	if err != nil {
		return // a string always marshals
	}
	line := fmt.Appendf(nil, "[%.3f, %q, %s]\n", (since - w.last).Seconds(), code, data)
	w.last = since
	if _, err := w.out.Write(line); err != nil {
		w.trouble = fmt.Errorf("record: %w", err)
	}
}

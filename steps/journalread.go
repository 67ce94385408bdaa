package steps

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"
)

// What a journal may hold: a seat's folder may have been written by anybody. A whole workshop is a few
// hundred events, of less than a kilobyte each.
const (
	maxJournal = 32 << 20 // bytes
	maxEvents  = 200_000
	maxEvent   = 1 << 20  // bytes of one line; one that is longer is damage
	maxHolder  = 64 << 10 // bytes of the file that names the holder
)

// ErrTooLarge is a journal, or an event, that is larger than any a workshop makes.
var ErrTooLarge = errors.New("too large")

// readEvents reads whole, well-formed lines of a file of a size; good is how far they go. At most so many
// events are taken. They are harmless, see [Event.harmless]; the file keeps them as they are.
func readEvents(r io.Reader, size int64, most int) (events []Event, good int64, err error) {
	large := fmt.Errorf("%w: more than %d MB, or %d events: put %s aside, and the seat begins anew",
		ErrTooLarge, maxJournal>>20, maxEvents, journalName)
	if size > maxJournal {
		return nil, 0, large
	}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := boundedLine(in)
		if errors.Is(err, io.EOF) || errors.Is(err, ErrTooLarge) {
			return events, good, nil // what is damaged is where the journal ends
		}
		if err != nil {
			return events, good, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			e, ok := readEvent(line)
			if !ok {
				return events, good, nil
			}
			events = append(events, e)
		}
		good += int64(len(line))
		if len(events) > most {
			return nil, 0, large
		}
	}
}

// readEvent reads one line. Of a later version's event with another shape all there is to know is when it
// was: nothing here understands it, and nothing may take it for damage.
func readEvent(line []byte) (Event, bool) {
	var e Event
	err := json.Unmarshal(line, &e)
	if err == nil && e.Type != "" {
		return e.harmless(), true
	}
	var later struct {
		V    int       `json:"v"`
		Seq  int64     `json:"seq"`
		At   time.Time `json:"at"`
		Type string    `json:"type"`
	}
	if err == nil || json.Unmarshal(line, &later) != nil || later.V <= EventVersion || later.Type == "" {
		return Event{}, false
	}
	return Event{V: later.V, Seq: later.Seq, At: later.At, Type: laterEvent}, true
}

// laterEvent is the type of an event that only a later version can read.
const laterEvent EventType = "later"

// boundedLine reads a line with its newline; ErrTooLarge when it is longer than an event may be,
// io.EOF when it has no end. It is good until the next call.
func boundedLine(in *bufio.Reader) ([]byte, error) {
	part, err := in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	long := bytes.Clone(part)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = in.ReadSlice('\n')
		if len(long)+len(part) > maxEvent+1 {
			return nil, ErrTooLarge
		}
		long = append(long, part...)
	}
	return long, err
}

// harmless is the event without what could drive a terminal: whoever wrote the file, what is read
// from it goes to screens. Texts keep their colours, names and values nothing but what prints.
func (e Event) harmless() Event {
	for _, name := range []*string{&e.Workshop, &e.Seat, &e.Run, &e.Name, &e.Kind, (*string)(&e.Type), (*string)(&e.Step), (*string)(&e.Phase)} {
		*name = bare(*name)
	}
	e.Command, e.Summary, e.Note = sanitizeLines(e.Command), sanitizeLines(e.Summary), sanitizeLines(e.Note)
	e.Said = mapped(e.Said, sanitizeLines)
	for i, name := range e.Names {
		e.Names[i] = bare(name)
	}
	for i, id := range e.Plan {
		e.Plan[i] = ID(bare(string(id)))
	}
	for k, v := range maps.Clone(e.Values) {
		delete(e.Values, k)
		e.Values[bare(k)] = printing(v, "\n\t")
	}
	if f := e.Failure; f != nil {
		f.Kind, f.Broken, f.Cause = bare(f.Kind), ID(bare(string(f.Broken))), sanitizeLines(f.Cause)
		f.Said = mapped(f.Said, sanitizeLines)
		for i, id := range f.From {
			f.From[i] = ID(bare(string(id)))
		}
	}
	return e
}

// maxName bounds a name that was read, in bytes.
const maxName = 256

// bare is a name that was read from a file: one line, nothing hidden, not endless.
func bare(s string) string {
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return printing(s, "")
}

// printing drops the runes that have no place on a screen, but for those to keep, and accents beyond
// [maxMarks].
func printing(s, keep string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(keep, r):
		case hidden(r), excess(r, &marks):
			return -1
		}
		return r
	}, s)
}

// readHolder reads who holds a seat. One that can't be read stays unnamed.
func readHolder(path string) (h Holder) {
	data, err := ReadSmall(path, maxHolder)
	if err != nil || json.Unmarshal(data, &h) != nil {
		return Holder{}
	}
	h.Host = bare(h.Host)
	return h
}

package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/tree"
)

// editor is vim, vi and nano: a small screen editor with vi's keys. nano starts in insert mode and
// has ctrl-o and ctrl-x.
//
// Normal mode: h j k l and the arrows, 0 $ w b g G, i a o O A I, x dd yy p J u, / n, :w :q :wq :x :q!
// :N. Insert mode ends with escape.
func editor(ctx context.Context, p *Process) int {
	if p.TTY == nil {
		return p.Fail(1, "Vim: Output is not to a terminal")
	}
	name := ""
	for _, a := range p.Args[1:] {
		if !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "+") {
			name = a
		}
	}
	e := &edit{p: p, name: name, nano: strings.HasSuffix(p.Args[0], "nano")}
	if !e.load() {
		return 1
	}
	return e.loop(ctx)
}

func editCrontab(ctx context.Context, p *Process, file string) int {
	if p.TTY == nil {
		return p.Fail(1, "crontab -e needs a terminal; use crontab FILE")
	}
	root := p.Host.tree.Root()
	temporary := "/tmp/crontab." + itoa(p.PID)
	old, _ := root.ReadFile(file) // none yet: an empty table
	if err := p.FS.WriteFile(temporary, old, 0o600); err != nil {
		return p.Fail(1, "%s: %s", temporary, bin.Reason(err))
	}
	defer func() { _ = p.FS.Remove(temporary) }()
	sub := *p
	call := *p.Call
	call.Args = []string{"vi", temporary}
	sub.Call = &call
	if code := editor(ctx, &sub); code != 0 {
		return code
	}
	if data, err := p.FS.ReadFile(temporary); err == nil && string(data) == string(old) {
		fmt.Fprintln(p.Stderr, "No modification made")
		return 0
	}
	fmt.Fprintln(p.Stderr, "crontab: installing new crontab")
	return p.loadCrontab(temporary, p.User, file)
}

// maxEdit bounds the file that the editor opens, in bytes.
const maxEdit = 4 << 20

type edit struct {
	p        *Process
	name     string
	nano     bool
	lines    []string
	x, y     int // column in runes, line
	top      int
	insert   bool
	changed  bool
	message  string
	command  string // the line after : or /, while typing it
	search   string
	yank     string
	undo     [][]string
	pending  rune // first key of dd, yy, gg, ZZ
	quit     bool
	finalEOL bool
}

func (e *edit) load() bool {
	e.finalEOL = true
	e.lines = []string{""}
	if e.name == "" {
		return true
	}
	data, err := e.p.FS.ReadFile(tree.Clean(e.p.Dir, e.name))
	switch {
	case err != nil && bin.Reason(err) == string(tree.ENOENT):
		e.message = fmt.Sprintf("%q [New]", e.name)
		return true
	case err != nil:
		e.p.Fail(1, "%s: %s", e.name, bin.Reason(err))
		return false
	case len(data) > maxEdit:
		e.p.Fail(1, "%s: larger than %d bytes", e.name, maxEdit)
		return false
	}
	text := string(data)
	e.finalEOL = text == "" || strings.HasSuffix(text, "\n")
	e.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	e.message = fmt.Sprintf("%q %dL, %dB", e.name, len(e.lines), len(data))
	return true
}

func (e *edit) save(name string) bool {
	if name == "" {
		name = e.name
	}
	if name == "" {
		e.message = "E32: No file name"
		return false
	}
	text := strings.Join(e.lines, "\n")
	if e.finalEOL && (text != "" || len(e.lines) > 1) {
		text += "\n"
	}
	if err := e.p.FS.WriteFile(tree.Clean(e.p.Dir, name), []byte(text), 0o644); err != nil {
		e.message = "E212: Can't open file for writing: " + bin.Reason(err)
		return false
	}
	e.name, e.changed = name, false
	e.message = fmt.Sprintf("%q %dL, %dB written", name, len(e.lines), len(text))
	return true
}

func (e *edit) loop(ctx context.Context) int {
	in, restore := e.p.TTY.Raw(ctx.Done())
	defer restore()
	out := e.p.TTY.out
	_, _ = io.WriteString(out, "\x1b[?1049h")
	defer func() { _, _ = io.WriteString(out, "\x1b[?1049l") }()
	e.insert = e.nano
	keys := bufio.NewReader(in)
	for !e.quit {
		if keys.Buffered() == 0 {
			if _, err := io.WriteString(out, e.draw()); err != nil {
				return 1
			}
		}
		r, _, err := keys.ReadRune()
		if err != nil {
			return 1
		}
		if r == 0x1b {
			r = escapeKey(keys)
		}
		e.key(r)
	}
	return 0
}

// Keys beyond Unicode, for the arrows and their like.
const (
	keyUp = utf8.MaxRune + 1 + iota
	keyDown
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyPageUp
	keyPageDown
	keyDelete
)

// escapeKey reads what follows an escape when it came with it; alone it is the escape key.
func escapeKey(keys *bufio.Reader) rune {
	if keys.Buffered() == 0 {
		return 0x1b
	}
	b, _ := keys.ReadByte()
	if b != '[' && b != 'O' {
		_ = keys.UnreadByte()
		return 0x1b
	}
	b, _ = keys.ReadByte()
	if b >= '0' && b <= '9' {
		for next := byte(0); next != '~' && keys.Buffered() > 0; {
			next, _ = keys.ReadByte()
		}
	}
	if k, ok := map[byte]rune{
		'A': keyUp, 'B': keyDown, 'C': keyRight, 'D': keyLeft, 'H': keyHome, 'F': keyEnd,
		'1': keyHome, '4': keyEnd, '5': keyPageUp, '6': keyPageDown, '3': keyDelete,
	}[b]; ok {
		return k
	}
	return 0x1b
}

func (e *edit) draw() string {
	cols, rows := e.p.TTY.Size()
	body := max(rows-1, 1)
	e.top = min(e.top, e.y)
	e.top = max(e.top, e.y-body+1)
	var b strings.Builder
	b.WriteString("\x1b[?25l\x1b[H")
	shift := max(0, e.cell(e.y, e.x)-cols+1)
	for i := range body {
		line := "~"
		if n := e.top + i; n < len(e.lines) {
			line = cells(e.lines[n], shift, cols)
		}
		b.WriteString(line + "\x1b[K\r\n")
	}
	status := e.message
	switch {
	case e.command != "":
		status = e.command
	case e.nano:
		status = "^O write   ^X leave   " + e.message
	case e.insert:
		status = "-- INSERT --"
	}
	b.WriteString(cells(status, 0, max(cols-1, 1)) + "\x1b[K")
	fmt.Fprintf(&b, "\x1b[%d;%dH\x1b[?25h", e.y-e.top+1, e.cell(e.y, e.x)-shift+1)
	return b.String()
}

// cell is the column on the screen of a place in a line.
func (e *edit) cell(y, x int) int {
	n := 0
	for i, r := range []rune(e.lines[y]) {
		if i >= x {
			break
		}
		if r == '\t' {
			n += 8 - n%8
		} else {
			n++
		}
	}
	return n
}

// cells is the part of a line that the screen shows; control characters can't do harm.
func cells(s string, from, width int) string {
	var out []rune
	for _, r := range s {
		switch {
		case r == '\t':
			out = append(out, []rune(strings.Repeat(" ", 8-len(out)%8))...)
		case r < ' ' || r == 0x7f:
			out = append(out, '?')
		default:
			out = append(out, r)
		}
	}
	if from >= len(out) {
		return ""
	}
	return string(out[from:min(len(out), from+width)])
}

func (e *edit) key(r rune) {
	switch {
	case e.command != "":
		e.commandKey(r)
	case e.move(r):
	case e.nano && r == 0x18:
		if !e.changed || e.save("") {
			e.quit = true
		}
	case e.nano && r == 0x0f:
		e.save("")
	case e.insert:
		e.insertKey(r)
	default:
		e.normalKey(r)
	}
	e.y = min(max(e.y, 0), len(e.lines)-1)
	limit := utf8.RuneCountInString(e.lines[e.y])
	if !e.insert && limit > 0 {
		limit--
	}
	e.x = min(max(e.x, 0), limit)
}

func (e *edit) move(r rune) bool {
	_, rows := e.p.TTY.Size()
	switch r {
	case keyUp:
		e.y--
	case keyDown:
		e.y++
	case keyLeft:
		e.x--
	case keyRight:
		e.x++
	case keyHome:
		e.x = 0
	case keyEnd:
		e.x = 1 << 20
	case keyPageUp, 0x02:
		e.y -= rows - 2
	case keyPageDown, 0x06:
		e.y += rows - 2
	default:
		return false
	}
	return true
}

// keep remembers the text for u.
func (e *edit) keep() {
	e.changed = true
	if e.undo = append(e.undo, append([]string(nil), e.lines...)); len(e.undo) > 100 {
		e.undo = e.undo[1:]
	}
}

func (e *edit) cut() (before, after []rune) {
	line := []rune(e.lines[e.y])
	x := min(e.x, len(line))
	return line[:x:x], line[x:]
}

func (e *edit) insertLine(at int, s string) {
	e.lines = append(e.lines[:at:at], append([]string{s}, e.lines[at:]...)...)
}

func (e *edit) insertKey(r rune) {
	before, after := e.cut()
	e.changed = true
	switch r {
	case 0x1b, 3:
		if !e.nano {
			e.insert = false
			e.x--
		}
	case '\r', '\n':
		e.lines[e.y] = string(before)
		e.insertLine(e.y+1, string(after))
		e.y, e.x = e.y+1, 0
	case 0x7f, 8:
		if len(before) > 0 {
			e.lines[e.y] = string(before[:len(before)-1]) + string(after)
			e.x--
		} else if e.y > 0 {
			e.x = utf8.RuneCountInString(e.lines[e.y-1])
			e.lines[e.y-1] += string(after)
			e.lines = append(e.lines[:e.y], e.lines[e.y+1:]...)
			e.y--
		}
	case keyDelete:
		if len(after) > 0 {
			e.lines[e.y] = string(before) + string(after[1:])
		}
	default:
		if r >= ' ' || r == '\t' {
			e.lines[e.y] = string(before) + string(r) + string(after)
			e.x++
		}
	}
}

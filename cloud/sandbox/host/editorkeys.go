package host

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// normalKey is a key of vi's normal mode.
func (e *edit) normalKey(r rune) {
	if e.pending != 0 {
		first := e.pending
		e.pending = 0
		e.pair(first, r)
		return
	}
	e.message = ""
	switch r {
	case 'h', 0x7f:
		e.x--
	case 'l', ' ':
		e.x++
	case 'k':
		e.y--
	case 'j', '\r':
		e.y++
	case '0':
		e.x = 0
	case '^':
		e.x = len(e.lines[e.y]) - len(strings.TrimLeft(e.lines[e.y], " \t"))
	case '$':
		e.x = 1 << 20
	case 'w', 'b':
		e.word(r == 'w')
	case 'G':
		e.y = len(e.lines) - 1
	case 'g', 'd', 'y', 'Z', 'c', 'r':
		e.pending = r
	case ':', '/':
		e.command = string(r)
	case 'n':
		e.find()
	case 'u':
		if n := len(e.undo); n > 0 {
			e.lines, e.undo = e.undo[n-1], e.undo[:n-1]
		} else {
			e.message = "Already at oldest change"
		}
	default:
		e.changeKey(r)
	}
}

func (e *edit) changeKey(r rune) {
	if !strings.ContainsRune("iaIAoOxXDJpPC", r) {
		return
	}
	e.keep()
	before, after := e.cut()
	switch r {
	case 'i':
		e.insert = true
	case 'a':
		e.insert = true
		e.x++
	case 'I':
		e.insert, e.x = true, 0
	case 'A':
		e.insert, e.x = true, 1<<20
	case 'o':
		e.insertLine(e.y+1, "")
		e.insert, e.y, e.x = true, e.y+1, 0
	case 'O':
		e.insertLine(e.y, "")
		e.insert, e.x = true, 0
	case 'x':
		if len(after) > 0 {
			e.lines[e.y] = string(before) + string(after[1:])
		}
	case 'X':
		if len(before) > 0 {
			e.lines[e.y] = string(before[:len(before)-1]) + string(after)
			e.x--
		}
	case 'D', 'C':
		e.lines[e.y] = string(before)
		e.insert = r == 'C'
	case 'J':
		if e.y+1 < len(e.lines) {
			e.x = utf8.RuneCountInString(e.lines[e.y])
			e.lines[e.y] += " " + strings.TrimLeft(e.lines[e.y+1], " \t")
			e.lines = append(e.lines[:e.y+1], e.lines[e.y+2:]...)
		}
	case 'p':
		e.insertLine(e.y+1, e.yank)
		e.y++
	case 'P':
		e.insertLine(e.y, e.yank)
	}
}

// pair is a command of two keys.
func (e *edit) pair(first, r rune) {
	before, after := e.cut()
	switch string(first) + string(r) {
	case "dd":
		e.keep()
		e.yank = e.lines[e.y]
		if e.lines = append(e.lines[:e.y:e.y], e.lines[e.y+1:]...); len(e.lines) == 0 {
			e.lines = []string{""}
		}
	case "yy":
		e.yank = e.lines[e.y]
	case "gg":
		e.y = 0
	case "ZZ":
		e.quit = !e.changed || e.save("")
	case "cc":
		e.keep()
		e.lines[e.y], e.insert, e.x = "", true, 0
	case "dw", "cw":
		e.keep()
		n := 0
		for n < len(after) && !unicode.IsSpace(after[n]) {
			n++
		}
		for first == 'd' && n < len(after) && unicode.IsSpace(after[n]) {
			n++
		}
		e.lines[e.y] = string(before) + string(after[n:])
		e.insert = first == 'c'
	case "d$":
		e.keep()
		e.lines[e.y] = string(before)
	default:
		if first == 'r' && len(after) > 0 && r >= ' ' {
			e.keep()
			e.lines[e.y] = string(before) + string(r) + string(after[1:])
		}
	}
}

func (e *edit) word(forward bool) {
	line := []rune(e.lines[e.y])
	space := func(i int) bool { return unicode.IsSpace(line[i]) }
	if forward {
		for e.x < len(line) && !space(e.x) {
			e.x++
		}
		for e.x < len(line) && space(e.x) {
			e.x++
		}
		if e.x >= len(line) && e.y+1 < len(e.lines) {
			e.y, e.x = e.y+1, 0
		}
		return
	}
	if e.x == 0 && e.y > 0 {
		e.y, e.x = e.y-1, 1<<20
		return
	}
	e.x = min(e.x, len(line))
	for e.x > 0 && space(e.x-1) {
		e.x--
	}
	for e.x > 0 && !space(e.x-1) {
		e.x--
	}
}

func (e *edit) commandKey(r rune) {
	switch {
	case r == 0x1b || r == 3:
		e.command = ""
	case r == 0x7f || r == 8:
		_, n := utf8.DecodeLastRuneInString(e.command)
		e.command = e.command[:len(e.command)-n]
	case r == '\r' || r == '\n':
		line := e.command
		e.command = ""
		if line[0] == '/' {
			e.search = line[1:]
			e.find()
			return
		}
		e.colon(strings.TrimSpace(line[1:]))
	case r >= ' ' && r <= utf8.MaxRune && len(e.command) < 512:
		e.command += string(r)
	}
}

func (e *edit) colon(line string) {
	name, file, _ := strings.Cut(line, " ")
	switch name {
	case "w", "w!", "write":
		e.save(strings.TrimSpace(file))
	case "wq", "x", "wq!", "x!", "wqa", "xa":
		e.quit = e.save(strings.TrimSpace(file))
	case "q", "quit", "qa":
		if e.changed {
			e.message = "E37: No write since last change (add ! to override)"
			return
		}
		e.quit = true
	case "q!", "qa!", "quit!":
		e.quit = true
	case "", "set", "syntax", "noh":
	case "$":
		e.y = len(e.lines) - 1
	default:
		if n, err := strconv.Atoi(name); err == nil {
			e.y = n - 1
			return
		}
		e.message = fmt.Sprintf("E492: Not an editor command: %s", name)
	}
}

// find goes to the next place of the text searched for.
func (e *edit) find() {
	if e.search == "" {
		return
	}
	for i := range len(e.lines) + 1 {
		y := (e.y + i) % len(e.lines)
		line := e.lines[y]
		from := 0
		if i == 0 {
			from = len(string([]rune(line)[:min(e.x+1, utf8.RuneCountInString(line))]))
		}
		if at := strings.Index(line[from:], e.search); at >= 0 {
			e.y, e.x = y, utf8.RuneCountInString(line[:from+at])
			return
		}
	}
	e.message = "E486: Pattern not found: " + e.search
}

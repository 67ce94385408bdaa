package slides

import (
	"strings"
	"unicode/utf8"
)

// simpleTableMax bounds how many lines a simple table may have.
const simpleTableMax = 200

// table takes the simple table that starts on line index i of a Markdown deck
// and returns the index of its last line.
func (p *parser) table(i int) (last int, ok bool) {
	if !p.deck.Markdown || !p.empty || p.cl.prev == classCode {
		return 0, false
	}
	n, t := simpleTable(p.lines, i)
	if n == 0 {
		return 0, false
	}
	for r, text := range tableRows(t.cells, t.right, t.rule, true) {
		p.items = append(p.items, item{scan: scan{class: classTable, text: text}, number: i + 1 + t.lines[r], stop: p.slide.Stops, raw: text})
	}
	p.empty, p.gone = false, false
	p.cl.prev, p.cl.stopped, p.cl.offsets, p.cl.item = classText, false, nil, 0
	return i + n - 1, true
}

// rowsOf is a table that was told by its columns.
type rowsOf struct {
	cells [][]string
	lines []int // of each row, counted from the table's first
	right []bool
	rule  int // the row that is the line below the header; -1 without
}

// simpleTable reads a table whose columns are what stands above and below runs
// of dashes, as pandoc's manual has it (simple_tables, multiline_tables), at
// index i. It returns how many lines it takes, 0 if there is none.
//
//	Name    Age
//	------ ----
//	Minou     7
func simpleTable(lines []string, i int) (n int, t rowsOf) {
	if i+2 > len(lines) || strings.TrimSpace(lines[i]) == "" || strings.TrimSpace(lines[i+1]) == "" {
		return 0, t
	}
	first := dashes(lines[i])
	head, rule, end := i, i+1, 0
	switch {
	case len(first) == 0: // one line of header
		if len(dashes(lines[rule])) < 2 || strings.HasPrefix(strings.TrimSpace(lines[i]), "|") {
			return 0, t
		}
		for end = rule + 1; end < len(lines) && strings.TrimSpace(lines[end]) != ""; end++ {
		}
		t, n = columns(lines, head, rule, end), end-i
	case len(first) > 1: // no header
		if end = closing(lines, i, first); end == 0 {
			return 0, t
		}
		t, n = columns(lines, i, i, end), end+1-i
	default: // between two lines of dashes, rows of several lines
		head = i + 1
		for rule < len(lines) && rule < i+8 && len(dashes(lines[rule])) < 2 {
			rule++
		}
		if end = closing(lines, i, first); rule == len(lines) || rule == i+8 || end <= rule {
			return 0, t
		}
		t, n = columns(lines, head, rule, end), end+1-i
		for r := range t.lines {
			t.lines[r]++
		}
	}
	return n, t
}

// closing is the index of the line of dashes that ends a table, the same as
// its first one at index i; 0 if there is none.
func closing(lines []string, i int, first [][2]int) int {
	for n := i + 2; n < len(lines) && n < i+simpleTableMax; n++ {
		if d := dashes(lines[n]); len(d) == len(first) && d[0] == first[0] && d[len(d)-1] == first[len(d)-1] {
			return n
		}
	}
	return 0
}

// dashes are the columns of the runs of dashes that a line consists of; nil if
// it holds anything else, or a run that is too short to be one.
func dashes(s string) (runs [][2]int) {
	if strings.Trim(s, "- ") != "" {
		return nil
	}
	for at := 0; at < len(s); {
		at += indentOf(s[at:])
		if n := runLength(s[at:], '-'); n > 0 {
			if n < 2 {
				return nil
			}
			runs = append(runs, [2]int{at, at + n})
			at += n
		}
	}
	return runs
}

// columns cuts the lines of a table from head to end at the columns of its
// rule, where there are dashes. A column is aligned to the right if its header,
// or its first row, ends where the dashes end and begins later.
func columns(lines []string, head, rule, end int) rowsOf {
	runs := dashes(lines[rule])
	t := rowsOf{right: make([]bool, len(runs)), rule: rule - head}
	guide := head
	if head == rule {
		guide, t.rule = head+1, -1
	}
	for n := head; n < end; n++ {
		if head == rule && n == rule {
			continue
		}
		row := make([]string, len(runs))
		for c, text := range cutAt([]rune(lines[n]), runs) {
			if n == guide {
				wide := runs[c][1] - runs[c][0]
				t.right[c] = strings.HasPrefix(text, " ") && utf8.RuneCountInString(strings.TrimRight(text, " ")) == wide
			}
			row[c] = strings.TrimSpace(text)
		}
		if n == rule {
			row = nil // a line is drawn there
		}
		t.cells, t.lines = append(t.cells, row), append(t.lines, n-head)
	}
	if head == rule {
		for r := range t.lines {
			t.lines[r] = r + 1
		}
	}
	return t
}

// cutAt cuts a line at the columns of the dashes. What stands between two
// columns belongs to the one before.
func cutAt(s []rune, runs [][2]int) []string {
	out := make([]string, len(runs))
	for c, run := range runs {
		from, to := min(run[0], len(s)), len(s)
		if c == 0 {
			from = 0
		}
		if c+1 < len(runs) {
			to = min(runs[c+1][0], len(s))
		}
		text := string(s[from:to])
		// The blanks between the columns, and before the first, are no part of a cell.
		if over := to - run[1]; over > 0 && strings.TrimSpace(string(s[min(run[1], len(s)):to])) == "" {
			text = string(s[from:min(run[1], len(s))])
		}
		if c == 0 && len(s) > run[0] && strings.TrimSpace(string(s[:run[0]])) == "" {
			text = string([]rune(text)[run[0]:])
		}
		out[c] = text
	}
	return out
}

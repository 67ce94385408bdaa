package slides

import "strings"

// pipeTable recognises a Markdown pipe table (a header row, a row of dashes,
// rows) and returns its lines with aligned columns. Cells keep their inline
// markup, whose markers have no width.
func pipeTable(lines []Line, md bool) ([]Line, bool) {
	if len(lines) < 2 || !strings.HasPrefix(lines[0].Text, "|") && !md {
		return nil, false
	}
	right, ok := delimiters(lines[1].Text)
	if !ok {
		return nil, false
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		if i != 1 {
			rows[i] = cells(l.Text)
		}
	}
	out := make([]Line, len(lines))
	for i, text := range tableRows(rows, right, 1, md) {
		out[i] = lines[i]
		out[i].Text = text
	}
	return out, true
}

// tableRows lays out a table's rows; there is a rule in place of one of them.
func tableRows(rows [][]string, right []bool, rule int, md bool) []string {
	widths := make([]int, len(right))
	for i := range rows {
		for c, cell := range rows[i] {
			if c < len(widths) {
				widths[c] = max(widths[c], inlineWidth(cell, md))
			}
		}
	}
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = tableRow(rows[i], widths, right, i == rule, md)
	}
	return out
}

// tableRow returns one row, or the rule below the header, of the given widths.
func tableRow(cells []string, widths []int, right []bool, rule, md bool) string {
	var b strings.Builder
	for c, w := range widths {
		if c > 0 && rule {
			b.WriteString("┼")
		} else if c > 0 {
			b.WriteString("│")
		}
		if rule {
			b.WriteString(strings.Repeat("─", w+2))
			continue
		}
		cell := ""
		if c < len(cells) {
			cell = cells[c]
		}
		pad := strings.Repeat(" ", max(0, w-inlineWidth(cell, md)))
		if right[c] {
			b.WriteString(" " + pad + cell + " ")
		} else {
			b.WriteString(" " + cell + pad + " ")
		}
	}
	// A row may have more cells than the table has columns: lose nothing.
	for c := len(widths); c < len(cells); c++ {
		b.WriteString("│ " + cells[c] + " ")
	}
	return b.String()
}

// delimiters parses the row of dashes: one flag per column, set when the
// column is aligned right.
func delimiters(s string) (right []bool, ok bool) {
	for _, c := range cells(s) {
		dashes := strings.Trim(c, ":")
		if dashes == "" || strings.Trim(dashes, "-") != "" {
			return nil, false
		}
		right = append(right, strings.HasSuffix(c, ":") && !strings.HasPrefix(c, ":"))
	}
	return right, len(right) > 0
}

// delimiterRow recognises the row of dashes of a table of two columns or more.
func delimiterRow(s string) bool {
	if !strings.Contains(s, "|") || !strings.Contains(s, "-") {
		return false
	}
	_, ok := delimiters(s)
	return ok
}

// cells splits a table row at its pipes; \| is a pipe inside a cell.
func cells(s string) []string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "|")
	s = strings.TrimSuffix(s, "|")
	var out []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '|':
			b.WriteByte('|')
			i++
		case s[i] == '|':
			out = append(out, strings.TrimSpace(b.String()))
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	return append(out, strings.TrimSpace(b.String()))
}

// inlineWidth returns the cells that s takes once its markers are gone.
func inlineWidth(s string, md bool) int {
	if !strings.ContainsAny(s, inlineSpecials) {
		return textWidth(s)
	}
	w := 0
	for _, sp := range parseInline(s, md) {
		w += textWidth(sp.text)
		if sp.url != "" && !sp.bare {
			w += 4 // the reference " [n]"
		}
	}
	return w
}

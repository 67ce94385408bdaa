package cloud

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ListTable is the table that nova list prints: one line per element, frames included. No servers
// leave the frame and the titles, which is what an empty cloud looks like. The order is the
// caller's; nova's own is by name, as [SortServers] does it.
func ListTable(servers []Server) []string {
	rows := make([][]string, 0, len(servers))
	for _, s := range servers {
		rows = append(rows, []string{
			s.ID, s.Name, string(s.Status), orDash(s.TaskState), s.PowerState, s.Networks(),
		})
	}
	return frame([]string{"ID", "Name", "Status", "Task State", "Power State", "Networks"}, rows)
}

// Columns are what a table of servers may show, by the names people ask for them.
var Columns = []Column{
	{"id", "ID", func(s Server) string { return s.ID }},
	{"name", "Name", func(s Server) string { return s.Name }},
	{"status", "Status", func(s Server) string { return string(s.Status) }},
	{"task", "Task State", func(s Server) string { return orDash(s.TaskState) }},
	{"power", "Power State", func(s Server) string { return s.PowerState }},
	{"networks", "Networks", Server.Networks},
	{"address", "Address", func(s Server) string {
		if a := s.Address(); a.IsValid() {
			return a.String()
		}
		return "-"
	}},
	{"image", "Image", func(s Server) string { return orDash(s.Image.String()) }},
	{"flavor", "Flavor", func(s Server) string { return orDash(s.Flavor.String()) }},
	{"keypair", "Keypair", func(s Server) string { return orDash(s.KeyName) }},
	{"created", "Created", func(s Server) string { return s.Created.UTC().Format(time.RFC3339) }},
	{"seat", "Seat", func(s Server) string { return orDash(s.Metadata[MetaSeat]) }},
	{"step", "Step", func(s Server) string { return orDash(s.Metadata[MetaStep]) }},
	{"workshop", "Workshop", func(s Server) string { return orDash(s.Metadata[MetaWorkshop]) }},
}

// Column is one column of a table of servers.
type Column struct {
	Name  string // "task"
	Title string // "Task State"
	Value func(Server) string
}

// ColumnTable is a table in the style of [ListTable] with the columns asked for.
func ColumnTable(servers []Server, columns []Column) []string {
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.Title
	}
	rows := make([][]string, len(servers))
	for i, s := range servers {
		for _, c := range columns {
			rows[i] = append(rows[i], c.Value(s))
		}
	}
	return frame(titles, rows)
}

// PropertyTable is the two-column table that nova show prints. As there, a value with line breaks
// (a fault with its stack, which JSON writes as \n) becomes several rows, named only once.
func PropertyTable(properties []Property) []string {
	rows := make([][]string, 0, len(properties))
	for _, p := range properties {
		name := p.Name
		for line := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(p.Value, `\n`, "\n")), "\n") {
			rows = append(rows, []string{name, line})
			name = ""
		}
	}
	return frame([]string{"Property", "Value"}, rows)
}

// Networks words the addresses as nova list does: "net=a, b; other=c", networks by name.
func (s Server) Networks() string {
	var names []string
	byName := map[string][]string{}
	for _, a := range s.Addresses {
		if byName[a.Network] == nil {
			names = append(names, a.Network)
		}
		byName[a.Network] = append(byName[a.Network], a.IP.String())
	}
	slices.Sort(names)
	for i, n := range names {
		names[i] = n + "=" + strings.Join(byName[n], ", ")
	}
	return strings.Join(names, "; ")
}

// maxMarks is how many accents a letter may carry: no language needs more, and a thousand of them draw over
// the lines above and below.
const maxMarks = 3

// Clean makes text of a remote service safe to show on one line, with as many cells as it seems to have:
// control characters, among them the escapes that would drive a terminal, and whatever reorders, joins or
// hides text are dropped, of accents the first three on a letter are kept, white space of any kind becomes
// one blank each, and bytes that are not UTF-8 become U+FFFD.
func Clean(text string) string {
	if printableASCII(text) {
		return text
	}
	marks := maxMarks // on the last letter: at the start there is none to put one on
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			marks = 0
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		case unicode.Is(unicode.M, r):
			if marks == maxMarks {
				return -1
			}
			marks++
			return r
		}
		marks = 0
		return r
	}, strings.ToValidUTF8(text, string(utf8.RuneError)))
}

func printableASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cells is how wide a terminal shows a cleaned text.
func cells(text string) (n int) {
	for _, r := range text {
		switch {
		case r < 0x300:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, wide):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide are the characters of two cells (UAX #11: East_Asian_Width W and F), by block.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1},
		{0x2e80, 0x303e, 1},
		{0x3041, 0x4dbf, 1},
		{0x4e00, 0xa4cf, 1},
		{0xa960, 0xa97c, 1},
		{0xac00, 0xd7a3, 1},
		{0xf900, 0xfaff, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff01, 0xff60, 1},
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{{0x16fe0, 0x1b2fb, 1}, {0x1f300, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f900, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// frame draws rows under titles, left-aligned, each column as wide as its widest cell.
func frame(titles []string, rows [][]string) []string {
	rows = append([][]string{titles}, rows...)
	widths := make([]int, len(titles))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = Clean(cell)
			widths[i] = max(widths[i], cells(row[i]))
		}
	}
	var rule strings.Builder
	for _, w := range widths {
		rule.WriteString("+" + strings.Repeat("-", w+2))
	}
	rule.WriteString("+")

	lines := make([]string, 0, len(rows)+3)
	lines = append(lines, rule.String())
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString("| " + cell + strings.Repeat(" ", widths[i]-cells(cell)+1))
		}
		lines = append(lines, line.String()+"|")
		if n == 0 {
			lines = append(lines, rule.String())
		}
	}
	return append(lines, rule.String())
}

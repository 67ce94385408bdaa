package steps

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// WorkshopFile is the file that makes a folder a workshop.
const WorkshopFile = "workshop.yaml"

// Problem is one mistake in a workshop's files.
type Problem struct {
	File      string
	Line, Col int // from 1; 0: about the whole file
	Text      string
}

// String is file:line:column: text, as compilers print it.
func (p Problem) String() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Text)
}

// Problems are all the mistakes of a workshop, in the order of the file.
type Problems []Problem

// Error is one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Bounds of a workshop's file: a few aliases make a small file endless.
const (
	maxWorkshop = 1 << 20 // bytes
	maxEntries  = 50_000  // of its lists and mappings, aliases followed
	maxHints    = 100     // problems that say what may have been meant
)

// Load reads a workshop from its folder. Kinds are the actions it may use. All mistakes are
// reported at once, as [Problems]: unknown and doubled keys, wrong types, missing fields, unknown
// kinds, and names nothing defines. These are looked up unless something that defines names could
// not be read at all: half of them would seem to be missing.
func Load(name string, fsys fs.FS, kinds map[string]Schema) (*Workshop, error) {
	data, err := fs.ReadFile(fsys, WorkshopFile)
	if err != nil {
		return nil, fmt.Errorf("load workshop %s: %w", name, err)
	}
	if len(data) > maxWorkshop {
		return nil, Problems{{File: WorkshopFile, Text: fmt.Sprintf("longer than %d bytes", maxWorkshop)}}
	}
	l := &loader{file: WorkshopFile, fsys: fsys, kinds: kinds, w: &Workshop{Name: name, Files: fsys}}
	var doc yaml.Node
	if err := yaml.Load(data, &doc, yaml.WithUniqueKeys(false)); err != nil {
		return nil, Problems{syntaxProblem(err)}
	}
	l.unseen(&doc)
	l.workshop(&doc)
	if !l.broken {
		l.names()
	}
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), strings.Compare(a.Text, b.Text))
		})
		return nil, slices.Compact(l.problems)
	}
	return l.w, nil
}

// syntaxProblem is YAML's own complaint, with its position when it gives one.
func syntaxProblem(err error) Problem {
	p := Problem{File: WorkshopFile, Text: strings.TrimPrefix(err.Error(), "yaml: ")}
	var load *yaml.LoadError
	if errors.As(err, &load) {
		p.Line, p.Col = load.Mark.Line, max(1, load.Mark.Column)
		p.Text = load.Message + ": look at the blanks this line and those above begin with, and for an open quote or bracket"
	}
	return p
}

// loader walks the nodes of workshop.yaml and gathers mistakes.
type loader struct {
	file     string
	fsys     fs.FS
	kinds    map[string]Schema
	w        *Workshop
	problems Problems
	refs     []reference
	entries  int  // read so far
	broken   bool // something that defines names could not be read
}

func (l *loader) problem(n *yaml.Node, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.file, Line: n.Line, Col: n.Column, Text: fmt.Sprintf(format, args...)})
}

// unseen reports the characters that would drive a terminal or reorder what it shows: a workshop may be
// anybody's, and its titles go to the screen, the window's title and the hand-out.
func (l *loader) unseen(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		for _, r := range n.Value {
			if hidden(r) && r != '\n' && r != '\t' {
				l.problem(n, "a text with %U, a character that is not seen: take it out", r)
				break
			}
		}
	}
	for _, child := range n.Content {
		l.unseen(child)
	}
}

// fields are what a mapping may hold, and what reads each.
type fields map[string]func(*yaml.Node)

func (l *loader) mapping(n *yaml.Node, what string, known fields, required ...string) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		l.problem(n, "%s must be a mapping", what)
		l.broken = true
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && l.more(n.Content[i]); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		read, ok := known[key.Value]
		switch {
		case !ok:
			l.unknown(key, value, what, known)
		case seen[key.Value]:
			l.problem(key, "%q stands twice in %s", key.Value, what)
		default:
			read(value)
		}
		seen[key.Value] = true
	}
	for _, r := range required {
		if !seen[r] {
			l.problem(n, "%s needs %q", what, r)
			l.broken = l.broken || slices.Contains([]string{"id", "name", "slides", "steps"}, r)
		}
	}
}

// unknown reports a key, and reads what it holds as what it most likely was meant to be: otherwise
// each name in there would be reported as well.
func (l *loader) unknown(key, value *yaml.Node, what string, known fields) {
	names := keysOf(known)
	meant := l.hint(key.Value, names)
	if meant == "" && len(names) > 0 && len(l.problems) <= maxHints {
		meant = ": there is " + strings.Join(names, ", ")
	}
	l.problem(key, "unknown key %q in %s%s", key.Value, what, meant)
	if near := Nearest(key.Value, names); len(near) > 0 && distance(key.Value, near[0]) <= 2 {
		known[near[0]](value)
	}
}

// more counts the entries read, and ends the reading when there are too many.
func (l *loader) more(n *yaml.Node) bool {
	l.entries++
	if l.entries == maxEntries {
		l.problem(n, "too much: more than %d entries", maxEntries)
		l.broken = true
	}
	return l.entries < maxEntries
}

func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		return resolve(n.Content[0])
	}
	return n
}

func keysOf[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// hint names what may have been meant.
func (l *loader) hint(name string, names []string) string {
	if len(l.problems) > maxHints {
		return ""
	}
	return hint(name, names)
}

func hint(name string, names []string) string {
	near := Nearest(name, names)
	if near == nil {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", strings.Join(near, " or "))
}

func (l *loader) str(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		l.problem(n, "%s must be a text", what)
		return ""
	}
	return n.Value
}

func (l *loader) boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
		l.problem(n, "%s must be true or false", what)
	}
	return n.Value == "true"
}

func (l *loader) list(n *yaml.Node, what string, each func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		l.problem(n, "%s must be a list", what)
		l.broken = true
		return
	}
	for _, item := range n.Content {
		if !l.more(item) {
			return
		}
		each(resolve(item))
	}
}

func (l *loader) strings(n *yaml.Node, what string) []string {
	var out []string
	l.list(n, what, func(item *yaml.Node) { out = append(out, l.str(item, "each of "+what)) })
	return out
}

// stringMap reads a mapping of texts; each, if not nil, gets the nodes of every one.
func (l *loader) stringMap(n *yaml.Node, what string, each func(key, value *yaml.Node)) map[string]string {
	if n.Kind != yaml.MappingNode {
		l.problem(n, "%s must be a mapping", what)
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content) && l.more(n.Content[i]); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		if _, twice := out[key.Value]; twice {
			l.problem(key, "%q stands twice in %s", key.Value, what)
		}
		out[key.Value] = l.str(value, what+"."+key.Value)
		if each != nil {
			each(key, value)
		}
	}
	return out
}

// text reads what people read: one text for each of the workshop's languages.
func (l *loader) text(n *yaml.Node, what string) Text {
	if n.Kind == yaml.ScalarNode && len(l.w.Languages) > 0 {
		l.problem(n, "%s needs a text in each language: {%s: …}", what, strings.Join(l.w.Languages, ": …, "))
		return nil
	}
	t := Text(l.stringMap(n, what, func(key, _ *yaml.Node) {
		if len(l.w.Languages) > 0 && !slices.Contains(l.w.Languages, key.Value) {
			l.problem(key, "%s has a text in %q, which is not among the languages", what, key.Value)
		}
	}))
	if t == nil {
		return nil
	}
	for _, lang := range l.w.Languages {
		if strings.TrimSpace(t[lang]) == "" {
			l.problem(n, "%s has no text in %q", what, lang)
		}
	}
	return t
}

// template reads a text with ${names}, to be looked up later.
func (l *loader) template(n *yaml.Node, what string, step ID) string {
	s := l.str(n, what)
	l.values(n, step)
	return s
}

// values notes the names a template uses.
func (l *loader) values(n *yaml.Node, step ID) {
	for _, name := range Names(n.Value) {
		l.refs = append(l.refs, reference{node: n, step: step, name: name, what: "value"})
	}
}

func (l *loader) id(n *yaml.Node, what string) ID {
	s := l.str(n, what)
	if s != "" && !ValidName(s) {
		l.problem(n, "%s %q: only lower-case letters, digits and dashes", what, s)
	}
	return ID(s)
}

// ids reads a list of ids that must be defined somewhere.
func (l *loader) ids(n *yaml.Node, what, kind string) []ID {
	var out []ID
	l.list(n, what, func(item *yaml.Node) {
		id := l.id(item, "each of "+what)
		l.refs = append(l.refs, reference{node: item, name: string(id), what: kind})
		out = append(out, id)
	})
	return out
}

// isFile tells whether a path of the workshop's folder is a file or a folder.
func (l *loader) isFile(name string) bool {
	_, err := fs.Stat(l.fsys, name)
	return err == nil
}

// ValidName tells whether s may name a step, a slide, a seat: it begins with a letter or a digit,
// holds only lower-case letters, digits and dashes, and is at most 32 bytes long, so that it is safe
// in a path, a host name and a shell.
func ValidName(s string) bool {
	if s == "" || len(s) > 32 || s[0] == '-' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

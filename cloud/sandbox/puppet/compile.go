package puppet

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"
)

// Bounds of one compilation.
const (
	maxTicks = 300_000 // expressions evaluated
	maxCalls = 100     // classes, defined types, lambdas and functions within each other
	maxItems = 20_000  // of one list
)

// compiler makes the catalogue of one node from the environment.
type compiler struct {
	env      fs.FS
	modules  fs.FS  // modules described as data, for those that are not in env; may be nil
	root     string // path of env, for messages
	fqdn     string
	short    string
	facts    *hashValue
	exported []Exported // of all nodes

	defs    map[string]*definition // by kind and name
	loaded  map[string]bool        // files read
	nodes   []*nodeDef
	top     *scope
	main    *Resource
	cat     *Catalog
	classes map[string]*scope // of declared classes
	lazy    []*Resource       // instances of defined types still to evaluate
	collect []*collection
	later   []func() // overrides and relations, done when everything is declared
	ticks   int
	calls   int
}

// scope holds variables and what is declared in it belongs to.
type scope struct {
	vars     map[string]any
	up       *scope
	holder   *Resource // what contains the resources declared here
	name     string    // of the class, for $class::variable
	module   string
	defaults map[string][]attribute
	matches  []string // of the last regular expression that matched
}

func (s *scope) child(holder *Resource, name string) *scope {
	return &scope{vars: map[string]any{}, up: s, holder: holder, name: name, module: strings.Split(name, "::")[0]}
}

// find looks a variable up through the scopes.
func (s *scope) find(name string) any {
	for ; s != nil; s = s.up {
		if v, ok := s.vars[name]; ok {
			return v
		}
	}
	return nil
}

func (c *compiler) fail(at pos, message string) { panic(bail{&Error{Message: message, pos: at}}) }

// evalError words a mistake in a statement of a kind: "Resource Statement", "Function Call".
func (c *compiler) evalError(at pos, in, message string) {
	c.fail(at, "Evaluation Error: Error while evaluating a "+in+", "+message)
}

// tick bounds how much is evaluated.
func (c *compiler) tick(at pos) {
	if c.ticks++; c.ticks > maxTicks {
		c.fail(at, "Evaluation Error: the manifest takes too long to evaluate")
	}
}

// charge counts large values as the many expressions they are worth: what is joined, compared or
// copied again and again would otherwise take minutes and gigabytes within the bound of tick.
func (c *compiler) charge(at pos, values ...any) {
	const most = 20_000
	left := most
	for _, v := range values {
		weigh(v, &left)
	}
	c.ticks += (most - left) / 4
	c.tick(at)
}

func weigh(v any, left *int) {
	if *left <= 0 {
		return
	}
	*left--
	switch v := v.(type) {
	case string:
		*left -= len(v) / 128
	case []any:
		for _, item := range v {
			weigh(item, left)
		}
	case *hashValue:
		for _, k := range v.keys {
			weigh(v.values[hashKey(k)], left)
		}
	}
}

// within bounds the nesting of calls.
func (c *compiler) within(at pos, f func()) {
	if c.calls++; c.calls > maxCalls {
		c.fail(at, "Evaluation Error: stack level too deep")
	}
	f()
	c.calls--
}

// compile makes the catalogue, or answers the first mistake as an *Error.
func (c *compiler) compile() (cat *Catalog, err error) {
	c.defs, c.loaded, c.classes = map[string]*definition{}, map[string]bool{}, map[string]*scope{}
	c.cat = &Catalog{Node: c.fqdn, byRef: map[string]*Resource{}}
	defer func() {
		if r := recover(); r != nil {
			if _, stray := r.(returned); stray {
				r = bail{&Error{Message: "Evaluation Error: return() from context where this is illegal"}}
			}
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			var e *Error
			if errors.As(b.err, &e) {
				e.node = c.fqdn
			}
			cat, err = nil, b.err
		}
	}()
	stage := &Resource{Type: "Stage", Title: "main", Params: map[string]any{}}
	c.cat.add(stage)
	c.main = &Resource{Type: "Class", Title: "Main", Params: map[string]any{}, container: stage, evaluated: true}
	c.cat.add(c.main)
	c.top = (*scope)(nil).child(c.main, "")
	c.setFacts()
	tree := c.manifests()
	c.run(c.top, tree)
	c.chooseNode()
	c.finish()
	return c.cat, nil
}

func (c *compiler) setFacts() {
	c.top.vars["facts"] = c.facts
	for _, k := range c.facts.keys {
		c.top.vars[render(k)] = c.facts.values[hashKey(k)]
	}
	trusted := newHash()
	trusted.set("authenticated", "remote")
	trusted.set("certname", c.fqdn)
	trusted.set("hostname", c.short)
	trusted.set("extensions", newHash())
	c.top.vars["trusted"] = trusted
	c.top.vars["environment"] = "production"
	c.top.vars["clientcert"] = c.fqdn
	c.top.vars["title"], c.top.vars["name"] = "main", "main"
	c.top.vars["module_name"] = ""
}

// manifests parses all files of the environment's manifests folder, in order of their names.
func (c *compiler) manifests() []node {
	var names []string
	_ = fs.WalkDir(c.env, "manifests", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, ".pp") && len(names) < 200 {
			names = append(names, p)
		}
		return nil
	})
	sort.Strings(names)
	var tree []node
	for _, name := range names {
		tree = append(tree, c.load(c.env, name, path.Join(c.root, name))...)
	}
	return tree
}

// load parses a file and keeps its definitions; the rest is returned.
func (c *compiler) load(fsys fs.FS, name, shown string) []node {
	data, err := readBounded(fsys, name)
	if err != nil {
		return nil
	}
	tree, err := parse(shown, string(data))
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Message = "Could not parse for environment production: " + e.Message
		}
		panic(bail{err})
	}
	return c.define(tree, "")
}

// readBounded reads a file of at most maxSource bytes and one more, which the lexer refuses.
func readBounded(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSource {
		return nil, fs.ErrInvalid
	}
	return fs.ReadFile(fsys, name)
}

func (c *compiler) define(tree []node, within string) []node {
	var rest []node
	for _, n := range tree {
		switch n := n.(type) {
		case *definition:
			if within != "" && !strings.HasPrefix(n.name, within+"::") {
				n.name = within + "::" + n.name
			}
			key := n.what + " " + strings.ToLower(n.name)
			if old := c.defs[key]; old != nil {
				c.fail(n.pos, capital(n.what)+" '"+n.name+"' is already defined (file: "+old.file+")")
			}
			c.defs[key] = n
			if n.what == "class" {
				n.body = c.define(n.body, n.name)
			}
		case *nodeDef:
			c.nodes = append(c.nodes, n)
		default:
			rest = append(rest, n)
		}
	}
	return rest
}

// find answers the definition of a class, define, function or type, loading the module's file
// that should hold it.
func (c *compiler) find(name, what string) *definition {
	name = strings.ToLower(strings.TrimPrefix(name, "::"))
	if d := c.defs[what+" "+name]; d != nil {
		return d
	}
	parts := strings.Split(name, "::")
	folder := map[string]string{"function": "functions", "type": "types"}[what]
	if folder == "" {
		folder = "manifests"
	}
	file := "init.pp"
	if len(parts) > 1 {
		file = path.Join(parts[1:]...) + ".pp"
	}
	for _, f := range []string{file, "init.pp"} {
		c.loadModule(path.Join("modules", parts[0]), path.Join(folder, f))
	}
	return c.defs[what+" "+name]
}

// loadModule reads a file of a module: of the environment when the module has any code there,
// otherwise of those described as data.
func (c *compiler) loadModule(dir, file string) {
	name := path.Join(dir, file)
	if c.loaded[name] || !fs.ValidPath(name) {
		return
	}
	c.loaded[name] = true
	if c.modules == nil || hasCode(c.env, dir) {
		c.load(c.env, name, path.Join(c.root, name))
		return
	}
	c.load(c.modules, name, path.Join(c.root, name))
}

func hasCode(env fs.FS, dir string) bool {
	entries, err := fs.ReadDir(env, path.Join(dir, "manifests"))
	return err == nil && len(entries) > 0
}

// chooseNode evaluates the node block of this node: a name before an expression, the default last.
func (c *compiler) chooseNode() {
	if len(c.nodes) == 0 {
		return
	}
	chosen, title := c.matchNode()
	if chosen == nil {
		c.fail(pos{}, "Could not find node statement with name 'default' or '"+c.fqdn+"'")
	}
	r := &Resource{Type: "Node", Title: title, Params: map[string]any{}, container: c.main, pos: chosen.pos, evaluated: true}
	c.cat.add(r)
	s := c.top.child(r, "")
	c.finishBody(s, chosen.body)
}

var notWord = regexp.MustCompile(`[^-\w:.]`)

func (c *compiler) matchNode() (*nodeDef, string) {
	names := []string{c.fqdn}
	for rest := c.fqdn; strings.Contains(rest, "."); {
		rest = rest[:strings.LastIndex(rest, ".")]
		names = append(names, rest)
	}
	for _, name := range names {
		for _, n := range c.nodes {
			for _, h := range n.hosts {
				if l, ok := h.(*literal); ok && l.value != (defaultValue{}) && strings.EqualFold(render(l.value), name) {
					return n, name
				}
			}
		}
		for _, n := range c.nodes {
			for _, h := range n.hosts {
				re, ok := h.(*regex)
				if !ok {
					continue
				}
				if exp, err := compileRegex(re.text); err != nil {
					c.fail(re.pos, "Illegal regular expression: "+re.text)
				} else if exp.MatchString(name) {
					label := strings.TrimLeft(strings.ToLower(notWord.ReplaceAllString(re.text, "")), ".")
					return n, "__node_regexp__" + label
				}
			}
		}
	}
	for _, n := range c.nodes {
		for _, h := range n.hosts {
			if l, ok := h.(*literal); ok && l.value == (defaultValue{}) {
				return n, "default"
			}
		}
	}
	return nil, ""
}

// compileRegex reads a Ruby regular expression: most of Go's syntax is the same.
func compileRegex(text string) (*regexp.Regexp, error) {
	text = strings.NewReplacer(`\Z`, `\z`, `\h`, `[0-9a-fA-F]`, `(?<`, `(?P<`, `(?P<=`, `(?<=`, `(?P<!`, `(?<!`).Replace(text)
	if len(text) > 1000 {
		return nil, errors.New("regular expression too long")
	}
	return regexp.Compile("(?m)" + text)
}

// finish evaluates what is lazy until nothing is left, then overrides, relations and checks.
func (c *compiler) finish() {
	for {
		before := len(c.lazy)
		work := c.lazy
		c.lazy = nil
		for _, r := range work {
			c.evalDefine(r)
		}
		if c.collectAll(); before == 0 && len(c.lazy) == 0 {
			break
		}
	}
	for _, f := range c.later {
		f()
	}
	c.cat.keepExports(c.fqdn)
	c.dropVirtual()
	c.link()
}

// dropVirtual removes what was declared with @ or @@ and collected by nobody, and what is in it.
func (c *compiler) dropVirtual() {
	kept := c.cat.Resources[:0]
	for _, r := range c.cat.Resources {
		if r.virtual {
			delete(c.cat.byRef, refKey(r.Type, r.Title))
			continue
		}
		kept = append(kept, r)
	}
	c.cat.Resources = kept
}

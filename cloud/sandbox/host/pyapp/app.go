package pyapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// App is a Flask application that is ready to serve.
type App struct {
	Host string // address it listens on
	Port int

	mu     sync.Mutex
	run    *run
	routes map[string]*function
	ran    bool
}

var _ http.Handler = (*App)(nil)

// errRunning ends the module when it calls app.run.
var errRunning = errors.New("the server runs")

func (p *Program) newRun(host string) *run {
	return &run{prog: p, globals: map[string]any{}, host: host}
}

// contain turns a panic over a program's odd values into its error: programs come from
// participants.
func contain(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("TypeError: %v", p)
	}
}

// Run runs a program that is no application: assignments, ifs and prints.
func (p *Program) Run(host string, out io.Writer) (err error) {
	defer contain(&err)
	r := p.newRun(host)
	r.out = func(s string) { _, _ = io.WriteString(out, s) }
	return r.exec(p.body, nil)
}

// App runs the module up to its app.run and answers the application. What it prints, and the
// errors of its views, go to log, which may be nil.
func (p *Program) App(host string, log func(string)) (app *App, err error) {
	defer contain(&err)
	r := p.newRun(host)
	r.out = log
	err = r.exec(p.body, nil)
	if err != nil && !errors.Is(err, errRunning) {
		return nil, err
	}
	if r.app == nil {
		return nil, errors.New("no Flask application in it")
	}
	if !r.app.ran {
		return nil, errors.New("it never calls run()")
	}
	return r.app, nil
}

func newFlask(r *run, _ []any, _ map[string]any) (any, error) {
	r.app = &App{Host: "127.0.0.1", Port: 5000, run: r, routes: map[string]*function{}}
	return r.app, nil
}

func (a *App) attr(name string) (any, error) {
	switch name {
	case "run":
		return native(func(_ *run, args []any, kw map[string]any) (any, error) {
			if len(args) > 0 {
				a.Host = text(args[0])
			}
			if h, ok := kw["host"].(string); ok {
				a.Host = h
			}
			if p, ok := kw["port"].(int64); ok && p > 0 && p < 65536 {
				a.Port = int(p)
			}
			a.ran = true
			return nil, errRunning
		}), nil
	case "config":
		return object{}, nil
	}
	return nil, fmt.Errorf("AttributeError: 'Flask' object has no attribute '%s'", name)
}

var (
	defLine    = regexp.MustCompile(`^(?:async\s+)?def\s+(\w+)\s*\((.*)\)(?:\s*->.*)?$`)
	routeLine  = regexp.MustCompile(`^@(\w+)\.(?:route|get)\s*\(\s*["']([^"']*)["']`)
	assignLine = regexp.MustCompile(`(?s)^([A-Za-z_][\w, ]*?)\s*=([^=].*)$`)
	bareCall   = regexp.MustCompile(`^(\w+)\s*\(`)
)

// exec runs statements. local is nil in the module.
func (r *run) exec(body []*stmt, local map[string]any) error {
	var routes []string
	taken := false // a branch of the if chain was taken
	for _, s := range body {
		if err := r.step(); err != nil {
			return err
		}
		word, _, _ := strings.Cut(s.text, " ")
		switch {
		case strings.HasPrefix(s.text, "@"):
			if m := routeLine.FindStringSubmatch(s.text); m != nil {
				routes = append(routes, m[2])
			}
			continue
		case defLine.MatchString(s.text):
			r.define(s, routes)
			routes = nil
			continue
		case word == "elif" || word == "else":
			if taken {
				continue
			}
		}
		var err error
		if taken, err = r.statement(s, word, local); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) define(s *stmt, routes []string) {
	m := defLine.FindStringSubmatch(s.text)
	f := &function{name: m[1], body: s.block}
	for p := range strings.SplitSeq(m[2], ",") {
		if p = strings.TrimSpace(p); p != "" && !strings.HasPrefix(p, "*") {
			name, def, has := strings.Cut(p, "=")
			name, _, _ = strings.Cut(name, ":")
			if name = strings.TrimSpace(name); has {
				name += "=" + def
			}
			f.params = append(f.params, name)
		}
	}
	r.globals[f.name] = f
	if r.app != nil {
		for _, path := range routes {
			r.app.routes[path] = f
		}
	}
}

// statement runs one statement; taken tells that an if's block ran.
func (r *run) statement(s *stmt, word string, local map[string]any) (taken bool, err error) {
	switch word {
	case "import", "from", "pass", "global", "nonlocal", "del", "assert":
		return false, nil
	case "if", "elif":
		c, err := r.text(strings.TrimPrefix(s.text, word), s.line, local)
		if err != nil || !truth(c) {
			return false, err
		}
		return true, r.exec(s.block, local)
	case "else", "try", "else:":
		return false, r.exec(s.block, local)
	case "except", "finally":
		return false, nil
	case "return":
		rest := strings.TrimSpace(strings.TrimPrefix(s.text, "return"))
		var v any
		if rest != "" {
			if v, err = r.text(rest, s.line, local); err != nil {
				return false, err
			}
		}
		return false, errReturn{v}
	case "for", "while", "class", "with", "raise", "async":
		return false, fmt.Errorf("line %d: '%s' can't be run here", s.line, word)
	}
	if m := assignLine.FindStringSubmatch(s.text); m != nil {
		return false, r.assign(strings.Split(m[1], ","), m[2], s.line, local)
	}
	if m := bareCall.FindStringSubmatch(s.text); m != nil && local == nil {
		if _, own := r.globals[m[1]].(*function); own {
			return false, nil // a function called for what it does to the machine: there is none
		}
	}
	if local == nil && !strings.Contains(s.text, "print") && !strings.Contains(s.text, ".run(") {
		return false, nil
	}
	_, err = r.text(s.text, s.line, local)
	return false, err
}

// text evaluates an expression.
func (r *run) text(s string, line int, local map[string]any) (any, error) {
	e, err := parseExpr(s)
	if err == nil {
		var v any
		if v, err = r.eval(e, local); err == nil {
			return v, nil
		}
	}
	if errors.Is(err, errRunning) {
		return nil, err
	}
	return nil, fmt.Errorf("line %d: %w", line, err)
}

func (r *run) assign(names []string, value string, line int, local map[string]any) error {
	v, err := r.text(value, line, local)
	if err != nil {
		return err
	}
	into := local
	if into == nil {
		into = r.globals
	}
	if len(names) == 1 {
		into[strings.TrimSpace(names[0])] = v
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) != len(names) {
		return fmt.Errorf("line %d: ValueError: cannot unpack", line)
	}
	for i, n := range names {
		into[strings.TrimSpace(n)] = list[i]
	}
	return nil
}

func response(_ *run, args []any, kw map[string]any) (any, error) {
	p := &reply{code: http.StatusOK, kind: "text/html; charset=utf-8", headers: map[string]string{}}
	if len(args) > 0 {
		p.body = text(args[0])
	}
	if v, ok := kw["response"]; ok {
		p.body = text(v)
	}
	for _, k := range []string{"mimetype", "content_type"} {
		if v, ok := kw[k].(string); ok {
			p.kind = v
		}
	}
	if n, ok := kw["status"].(int64); ok && n >= 100 && n < 600 {
		p.code = int(n)
	}
	if h, ok := kw["headers"].(object); ok {
		for k, v := range h {
			p.headers[k] = text(v)
		}
	}
	return p, nil
}

func jsonify(_ *run, args []any, kw map[string]any) (any, error) {
	var v any = kw
	if len(args) > 0 {
		v = args[0]
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("TypeError: %w", err)
	}
	return &reply{code: http.StatusOK, kind: "application/json", body: string(data) + "\n"}, nil
}

// ServeHTTP answers a request with the view of its path.
func (a *App) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Server", "Werkzeug/2.2.2 Python/3.11.2")
	f := a.routes[req.URL.Path]
	if f == nil {
		http.Error(w, "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>", http.StatusNotFound)
		return
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	v, err := a.view(f, req)
	p := &reply{code: http.StatusOK, kind: "text/html; charset=utf-8"}
	switch x := v.(type) {
	case *reply:
		p = x
	case []any:
		p.body = arg(x, 0)
		if len(x) > 1 {
			if n, ok := x[1].(int64); ok && n >= 100 && n < 600 {
				p.code = int(n)
			}
		}
	default:
		p.body = text(v)
	}
	if err != nil {
		a.run.report(err)
		p = &reply{code: http.StatusInternalServerError, kind: "text/html; charset=utf-8", body: "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"}
	}
	w.Header().Set("Content-Type", p.kind)
	for k, v := range p.headers {
		w.Header().Set(k, strings.NewReplacer("\r", "", "\n", "").Replace(v))
	}
	w.WriteHeader(p.code)
	_, _ = io.WriteString(w, p.body) // the client may be gone
}

// report tells the application's own log what went wrong in a view.
func (r *run) report(err error) {
	if r.out != nil {
		r.out("[ERROR] Exception on / [GET]\n" + err.Error() + "\n")
	}
}

// view runs a view. One at a time: as in the workshop, the application has one worker's state.
func (a *App) view(f *function, req *http.Request) (_ any, err error) {
	defer contain(&err)
	a.mu.Lock()
	defer a.mu.Unlock()
	headers := object{}
	for k := range req.Header {
		headers[k] = req.Header.Get(k)
	}
	a.run.steps, a.run.depth = 0, 0
	a.run.globals["request"] = object{
		"headers": headers, "path": req.URL.Path, "method": req.Method, "remote_addr": req.RemoteAddr, "host": req.Host,
		"args": queryObject(req),
	}
	return a.run.invoke(f, nil, nil)
}

func queryObject(req *http.Request) object {
	o := object{}
	for k, v := range req.URL.Query() {
		if len(v) > 0 {
			o[k] = v[0]
		}
	}
	return o
}

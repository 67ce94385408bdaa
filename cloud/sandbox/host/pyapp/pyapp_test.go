package pyapp

import (
	"bytes"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func serve(t *testing.T, source, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	p, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	app, err := p.App("web-7", func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("GET", path, nil)
	req.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, req)
	return w
}

// flask wraps the body of a view.
func flask(body string) string {
	return "#!/usr/bin/python3\nfrom flask import Flask, request\nimport socket\napp = Flask(__name__)\nname = socket.gethostname()\n" +
		"@app.route('/')\ndef index():\n" + body + "\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=5000)\n"
}

func TestViews(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"    return '<h1>Bonjour de %s</h1>\\n' % socket.gethostname()":                                                              "<h1>Bonjour de web-7</h1>\n",
		"    return f'Hi {name.upper()}: {1 + 2 * 3}'":                                                                               "Hi WEB-7: 7",
		"    return 'a {} {x}'.format(name, x=len(name))":                                                                            "a web-7 5",
		"    \"\"\"doc\"\"\"\n    x = 'b' if name == 'web-7' else 'c'\n    return 'a' + x":                                           "ab",
		"    if request.args.get('q'):\n        return 'q'\n    elif name:\n        return 'name'\n    else:\n        return 'none'": "name",
		"    a, b = 'x', 'y'\n    return '-'.join([a, b, str(3)])":                                                                   "x-y-3",
		"    return (\n        'two '\n        \"lines\"\n    )":                                                                     "two lines",
	} {
		if w := serve(t, flask(body), "/", ""); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s\n got %d %q, want %q", body, w.Code, w.Body, want)
		}
	}
	if w := serve(t, flask("    return nothing"), "/", ""); w.Code != 500 {
		t.Errorf("an exception: %d", w.Code)
	}
	if w := serve(t, flask("    return 'x'"), "/other", ""); w.Code != 404 {
		t.Errorf("another path: %d", w.Code)
	}
	if w := serve(t, flask("    return 'gone', 410"), "/", ""); w.Code != 410 {
		t.Errorf("a status: %d", w.Code)
	}
}

// TestWorkshopApp serves the application that the workshop ships.
func TestWorkshopApp(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../../assets/workshops/web-cloud-puppet/app/start.py")
	if err != nil {
		t.Fatal(err)
	}
	w := serve(t, string(source), "/", "*/*")
	if !strings.HasPrefix(w.Body.String(), "Bonjour de web-7\n") || w.Header().Get("X-Served-By") != "web-7" {
		t.Errorf("plain: %v %q", w.Header(), w.Body)
	}
	if w = serve(t, string(source), "/", "text/html"); !strings.Contains(w.Body.String(), "<h1>Bonjour de web-7</h1>") {
		t.Errorf("page: %q", w.Body)
	}
	edited := strings.ReplaceAll(string(source), "Bonjour de", "Miaou de")
	if w = serve(t, edited, "/", "*/*"); !strings.HasPrefix(w.Body.String(), "Miaou de web-7\n") {
		t.Errorf("edited: %q", w.Body)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"x = (1":             "never closed",
		"def f():\nreturn 1": "expected an indented block",
		"x = 'a":             "unterminated",
		"  x = 1":            "unexpected indent",
	} {
		if _, err := Parse(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
	for source, want := range map[string]string{
		"import flask": "no Flask application", "from flask import Flask\napp = Flask(__name__)": "never calls run",
	} {
		p, err := Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.App("h", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	var got []string
	for line, m := range Imports("import os, sys as s\n# import no\nx = 'import no'\nfrom flask import Flask\n") {
		got = append(got, m+string(rune('0'+line)))
	}
	if strings.Join(got, " ") != "os1 sys1 flask4" {
		t.Errorf("got %v", got)
	}
}

func FuzzProgram(f *testing.F) {
	f.Add(flask("    return f'{name}' % (1, 'a')[0]"))
	f.Add("def f(a, b=1):\n return f(a)\nprint(f(1))\n")
	f.Add("x = 'a' * 1000000\nx = x * 1000000\n")
	f.Add("print({'a': [1, -2.5]}['a'][-1], not 1 in [2], 7 // 2 % 2)\n")
	f.Fuzz(func(t *testing.T, source string) {
		p, err := Parse(source)
		if err != nil {
			return
		}
		var out bytes.Buffer
		_ = p.Run("h", &out)
		app, err := p.App("h", nil)
		if err != nil {
			return
		}
		for path := range app.routes {
			req := httptest.NewRequest("GET", "/", nil)
			req.URL.Path = path
			app.ServeHTTP(httptest.NewRecorder(), req)
		}
	})
}

func TestOddArguments(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"random.choice()", "'-'.join()", "len()", "'{}'.format()", "zlib.crc32()", "'%s' % ()", "[1][5]", "'a'.replace('', 'b') * -1", "{}['x']", "int('x')"} {
		p, err := Parse("print(" + expr + ")")
		if err != nil {
			t.Fatal(expr, err)
		}
		_ = p.Run("h", &bytes.Buffer{}) // any error, but no panic
	}
}

package puppet

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// eachText applies a text function to a text, or to each item of a list.
func eachText(fn func(string) string) function {
	return function{1, 1, func(f *frame) any {
		if items, ok := f.arg(0).([]any); ok {
			out := make([]any, len(items))
			for i, v := range items {
				out[i] = fn(render(v))
			}
			return out
		}
		switch f.arg(0).(type) {
		case string:
			return fn(f.text(0))
		case int64, float64:
			return f.arg(0)
		}
		f.fail("'" + f.name + "' expects one of: (Numeric arg), (String arg), (Iterable[Variant[String, Numeric]] arg); rejected: parameter 'arg' expects a String value, got " + typeOf(f.arg(0)))
		return nil
	}}
}

func capitalize(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var textFunctions = map[string]function{
	"downcase":   eachText(strings.ToLower),
	"upcase":     eachText(strings.ToUpper),
	"capitalize": eachText(capitalize),
	"camelcase": eachText(func(s string) string {
		parts := strings.Split(s, "_")
		for i := range parts {
			parts[i] = capitalize(parts[i])
		}
		return strings.Join(parts, "")
	}),
	"strip":      eachText(strings.TrimSpace),
	"lstrip":     eachText(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }),
	"rstrip":     eachText(func(s string) string { return strings.TrimRight(s, " \t\r\n") }),
	"chomp":      eachText(func(s string) string { return strings.TrimRight(s, "\r\n") }),
	"chop":       eachText(func(s string) string { return s[:max(0, len(s)-1)] }),
	"shellquote": eachText(func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }),
	"basename":   {1, 2, func(f *frame) any { return strings.TrimSuffix(path.Base(f.text(0)), f.text(1)) }},
	"dirname":    {1, 1, func(f *frame) any { return path.Dir(f.text(0)) }},
	"sprintf":    {1, -1, func(f *frame) any { return f.sprintf() }},
	"split": {2, 2, func(f *frame) any {
		re, ok := f.arg(1).(*regexp.Regexp)
		if !ok {
			re, _ = f.c.regex(f.text(1), f.pos).(*regexp.Regexp)
		}
		var out []any
		for _, s := range re.Split(f.text(0), maxItems) {
			out = append(out, s)
		}
		for len(out) > 0 && out[len(out)-1] == "" {
			out = out[:len(out)-1]
		}
		return out
	}},
	"regsubst": {3, 4, func(f *frame) any {
		re, ok := f.arg(1).(*regexp.Regexp)
		if !ok {
			re, _ = f.c.regex(f.text(1), f.pos).(*regexp.Regexp)
		}
		to := regexp.MustCompile(`\\(\d)`).ReplaceAllString(strings.ReplaceAll(f.text(2), "$", "$$"), "$${$1}")
		all := strings.Contains(f.text(3), "G")
		swap := func(s string) any {
			done := false
			var b []byte
			at := 0
			for _, m := range re.FindAllStringSubmatchIndex(s, maxItems) {
				if done && !all || len(b) > maxText {
					break
				}
				done = true
				b = append(b, s[at:m[0]]...)
				b = re.ExpandString(b, to, s, m)
				at = m[1]
			}
			return f.short(string(b) + s[at:])
		}
		if items, ok := f.arg(0).([]any); ok {
			out := make([]any, len(items))
			for i, v := range items {
				out[i] = swap(render(v))
			}
			return out
		}
		return swap(f.text(0))
	}},
	"versioncmp": {2, 3, func(f *frame) any { return int64(compareVersions(f.text(0), f.text(1))) }},
	"fqdn_rand": {1, -1, func(f *frame) any {
		h := fnv.New64a()
		_, _ = h.Write([]byte(f.c.fqdn + f.text(1)))
		return strconv.FormatUint(h.Sum64()%uint64(max(1, f.int(0))), 10)
	}},
	"file": {1, -1, func(f *frame) any {
		for i := range f.args {
			if s, ok := f.c.moduleFile(f.text(i), "files"); ok {
				return s
			}
		}
		f.fail("Could not find any files from " + strings.Join(strings.Fields(strings.Trim(render(f.args), "[]'")), ", "))
		return nil
	}},
	"match": {2, 2, func(f *frame) any {
		re, ok := f.arg(1).(*regexp.Regexp)
		if !ok {
			re, _ = f.c.regex(f.text(1), f.pos).(*regexp.Regexp)
		}
		m := re.FindStringSubmatch(f.text(0))
		if m == nil {
			return nil
		}
		out := make([]any, len(m))
		for i := range m {
			out[i] = m[i]
		}
		return out
	}},
}

// short refuses a text that grew too long.
func (f *frame) short(s string) string {
	if len(s) > maxText {
		f.fail("a string is too long")
	}
	return s
}

// moduleFile reads MODULE/FILE from the folder of a module.
func (c *compiler) moduleFile(name, folder string) (string, bool) {
	module, rest, ok := strings.Cut(name, "/")
	if !ok {
		return "", false
	}
	file := path.Join("modules", module, folder, rest)
	for _, fsys := range []fs.FS{c.env, c.modules} {
		if fsys == nil || !fs.ValidPath(file) {
			continue
		}
		if data, err := readBounded(fsys, file); err == nil {
			return string(data), true
		}
	}
	return "", false
}

// sprintf formats with Ruby's directives that are Go's too.
func (f *frame) sprintf() any {
	format := f.text(0)
	for _, w := range regexp.MustCompile(`\d+`).FindAllString(format, -1) {
		if n, err := strconv.Atoi(w); err != nil || n > 1000 {
			f.fail("malformed format string")
		}
	}
	if strings.Contains(format, "*") {
		f.fail("malformed format string - %*")
	}
	args := make([]any, 0, len(f.args))
	verbs := regexp.MustCompile(`%[-+ 0#]*\d*(?:\.\d+)?([a-zA-Z%])`).FindAllStringSubmatch(format, -1)
	for _, v := range verbs {
		if v[1] == "%" {
			continue
		}
		n := len(args) + 1
		switch v[1] {
		case "d", "i", "x", "X", "o", "b", "c":
			args = append(args, f.int(n))
		case "f", "e", "g":
			x, _ := number(f.arg(n))
			if math.IsNaN(x) {
				x = 0
			}
			args = append(args, x)
		default:
			args = append(args, f.text(n))
		}
	}
	return f.short(fmt.Sprintf(strings.ReplaceAll(format, "%i", "%d"), args...))
}

// compareVersions compares dotted versions, numbers by their value.
func compareVersions(a, b string) int {
	piece := regexp.MustCompile(`\d+|[a-zA-Z]+`)
	x, y := piece.FindAllString(a, 100), piece.FindAllString(b, 100)
	for i := range min(len(x), len(y)) {
		n, err1 := strconv.Atoi(x[i])
		m, err2 := strconv.Atoi(y[i])
		switch {
		case err1 == nil && err2 == nil && n != m:
			return boolInt(n > m)*2 - 1
		case (err1 != nil || err2 != nil) && x[i] != y[i]:
			return strings.Compare(x[i], y[i])
		}
	}
	return boolInt(len(x) > len(y)) - boolInt(len(x) < len(y))
}

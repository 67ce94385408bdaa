package pyapp

import (
	"errors"
	"fmt"
	"hash/crc32"
	"html"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode"
)

func arg(args []any, i int) string {
	if i < len(args) {
		return text(args[i])
	}
	return ""
}

func constant(f func(r *run) any) native {
	return func(r *run, _ []any, _ map[string]any) (any, error) { return f(r), nil }
}

func hostName(r *run) any { return r.host }

// natives are the functions and modules that programs find; imports bind nothing else.
var natives map[string]any

func init() {
	natives = map[string]any{
		"socket":      object{"gethostname": constant(hostName), "getfqdn": constant(hostName)},
		"platform":    object{"node": constant(hostName)},
		"gethostname": constant(hostName),
		"os": object{
			"uname": constant(func(r *run) any { return []any{"Linux", r.host, "", "", "x86_64"} }),
			"environ": object{"get": native(func(_ *run, a []any, _ map[string]any) (any, error) {
				if len(a) > 1 {
					return a[1], nil
				}
				return nil, nil
			})},
			"getenv": native(func(_ *run, a []any, _ map[string]any) (any, error) {
				if len(a) > 1 {
					return a[1], nil
				}
				return nil, nil
			}),
		},
		"zlib": object{"crc32": native(func(_ *run, a []any, _ map[string]any) (any, error) {
			return int64(crc32.ChecksumIEEE([]byte(arg(a, 0)))), nil
		})},
		"time":   object{"time": constant(func(*run) any { return float64(time.Now().UnixMilli()) / 1000 })},
		"random": object{"choice": native(choice)},
		"len":    native(length),
		"str":    native(func(_ *run, a []any, _ map[string]any) (any, error) { return arg(a, 0), nil }),
		"int":    native(toInt),
		"escape": native(func(_ *run, a []any, _ map[string]any) (any, error) { return html.EscapeString(arg(a, 0)), nil }),
		"print":  native(printOut), "Response": native(response), "Flask": native(newFlask), "jsonify": native(jsonify),
		"request": object{}, "__name__": "__main__",
	}
}

func choice(_ *run, a []any, _ map[string]any) (any, error) {
	if list := list(a); len(list) > 0 {
		return list[rand.IntN(len(list))], nil
	}
	return nil, errors.New("IndexError: Cannot choose from an empty sequence")
}

// list is the first argument when it is a list.
func list(a []any) []any {
	if len(a) == 0 {
		return nil
	}
	l, _ := a[0].([]any)
	return l
}

// capitalWords is str.title, which is as simple.
func capitalWords(s string) string {
	out, word := []rune(s), false
	for i, r := range out {
		if !word {
			out[i] = unicode.ToUpper(r)
		} else {
			out[i] = unicode.ToLower(r)
		}
		word = unicode.IsLetter(r)
	}
	return string(out)
}

func length(_ *run, a []any, _ map[string]any) (any, error) {
	if len(a) == 1 {
		switch v := a[0].(type) {
		case string:
			return int64(len([]rune(v))), nil
		case []any:
			return int64(len(v)), nil
		case object:
			return int64(len(v)), nil
		}
	}
	return nil, errors.New("TypeError: object has no len()")
}

func toInt(_ *run, a []any, _ map[string]any) (any, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(arg(a, 0)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("ValueError: invalid literal for int(): '%s'", arg(a, 0))
	}
	return n, nil
}

func printOut(r *run, a []any, _ map[string]any) (any, error) {
	parts := make([]string, len(a))
	for i, v := range a {
		parts[i] = text(v)
	}
	if r.out != nil {
		r.out(strings.Join(parts, " ") + "\n")
	}
	return nil, nil
}

type method func(s string, a []any, kw map[string]any) (any, error)

func plain(f func(s string, a []any) any) method {
	return func(s string, a []any, _ map[string]any) (any, error) { return f(s, a), nil }
}

var methods = map[string]method{
	"encode": plain(func(s string, _ []any) any { return s }), "decode": plain(func(s string, _ []any) any { return s }),
	"upper": plain(func(s string, _ []any) any { return strings.ToUpper(s) }),
	"lower": plain(func(s string, _ []any) any { return strings.ToLower(s) }),
	"strip": plain(func(s string, _ []any) any { return strings.TrimSpace(s) }),
	"title": plain(func(s string, _ []any) any { return capitalWords(s) }),
	"capitalize": plain(func(s string, _ []any) any {
		if s == "" {
			return s
		}
		return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
	}),
	"replace": func(s string, a []any, _ map[string]any) (any, error) {
		if arg(a, 0) == "" {
			return s, nil
		}
		out := strings.ReplaceAll(s, arg(a, 0), arg(a, 1))
		if len(out) > maxText {
			return nil, errLimit
		}
		return out, nil
	},
	"startswith": plain(func(s string, a []any) any { return strings.HasPrefix(s, arg(a, 0)) }),
	"endswith":   plain(func(s string, a []any) any { return strings.HasSuffix(s, arg(a, 0)) }),
	"split": plain(func(s string, a []any) any {
		var parts []string
		if sep := arg(a, 0); sep != "" {
			parts = strings.Split(s, sep)
		} else {
			parts = strings.Fields(s)
		}
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = p
		}
		return list
	}),
	"join": plain(func(s string, a []any) any {
		list := list(a)
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = text(p)
		}
		return strings.Join(parts, s)
	}),
	"format": format,
}

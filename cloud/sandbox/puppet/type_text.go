package puppet

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// readLines reads a text file of the node; a missing one has none.
func (a *apply) readLines(name string) ([]string, error) {
	data, err := a.node.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}

// writeLines writes a text file back with the mode it has.
func (a *apply) writeLines(name string, lines []string) error {
	mode := fs.FileMode(0o644)
	if info, err := a.node.Stat(name); err == nil {
		mode = info.Mode().Perm()
	} else if up, err := a.node.Stat(path.Dir(name)); err != nil || !up.IsDir() {
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	text := strings.Join(lines, "\n")
	if len(lines) > 0 {
		text += "\n"
	}
	return a.node.WriteFile(name, []byte(text), mode)
}

// created and removed are the usual changes of ensure.
func created(do func() error) []change {
	return []change{{property: "ensure", message: "created", failure: "change from 'absent' to 'present' failed", do: do}}
}

func removed(do func() error) []change {
	return []change{{property: "ensure", message: "removed", failure: "change from 'present' to 'absent' failed", do: do}}
}

// iniPlace is where a setting is, or where it would go.
type iniPlace struct {
	line    int // of the setting, or -1
	value   string
	section int // the line after which a new setting goes, or -1 when there is no such section
}

func findIni(lines []string, section, setting, separator string) iniPlace {
	at := iniPlace{line: -1, section: -1}
	in := section == ""
	if in {
		at.section = 0
	}
	for i, line := range lines {
		s := strings.TrimSpace(line)
		if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
			if in = s == "["+section+"]"; in {
				at.section = i + 1
			}
			continue
		}
		if !in {
			continue
		}
		if s != "" {
			at.section = i + 1
		}
		key, value, ok := strings.Cut(s, separator)
		if ok && strings.TrimSpace(key) == setting && at.line < 0 && !strings.HasPrefix(s, "#") && !strings.HasPrefix(s, ";") {
			at.line, at.value = i, strings.TrimSpace(value)
		}
	}
	return at
}

func applyIniSetting(_ context.Context, a *apply, r *Resource) ([]change, error) {
	name, section, setting := r.text("path"), r.text("section"), r.text("setting")
	if !strings.HasPrefix(name, "/") {
		return nil, errors.New("File paths must be fully qualified, not '" + name + "'")
	}
	if strings.ContainsAny(section+setting, "\n[]=") || strings.TrimSpace(setting) == "" {
		return nil, errors.New("'" + setting + "' in section '" + section + "' is no setting of an INI file")
	}
	setting = strings.TrimSpace(setting)
	separator := " = "
	if v, ok := r.Params["key_val_separator"]; ok {
		separator = render(v)
	}
	mark := strings.TrimSpace(separator)
	if mark == "" {
		mark = separator
	}
	lines, err := a.readLines(name)
	if err != nil {
		return nil, err
	}
	value := strings.Join(r.many("value"), " ")
	if v, ok := r.Params["value"].(string); ok {
		value = v
	}
	at := findIni(lines, section, setting, mark)
	value = strings.ReplaceAll(value, "\n", " ")
	line := setting + separator + value
	// Each change reads the file again: another setting may have been written meanwhile.
	edit := func(f func(lines []string, at iniPlace) []string) func() error {
		return func() error {
			lines, err := a.readLines(name)
			if err != nil {
				return err
			}
			return a.writeLines(name, f(lines, findIni(lines, section, setting, mark)))
		}
	}
	switch {
	case r.text("ensure") == "absent" && at.line < 0:
		return nil, nil
	case r.text("ensure") == "absent":
		return removed(edit(func(l []string, at iniPlace) []string { return slices.Delete(l, at.line, at.line+1) })), nil
	case at.line < 0:
		return created(edit(func(l []string, at iniPlace) []string {
			if at.section < 0 {
				if len(l) > 0 {
					l = append(l, "")
				}
				return append(l, "["+section+"]", line)
			}
			return slices.Insert(l, at.section, line)
		})), nil
	case at.value != strings.TrimSpace(value):
		return []change{changed("value", at.value, value, edit(func(l []string, at iniPlace) []string {
			l[at.line] = line
			return l
		}))}, nil
	}
	return nil, nil
}

func applyFileLine(_ context.Context, a *apply, r *Resource) ([]change, error) {
	name, line := r.text("path"), strings.TrimSuffix(r.text("line"), "\n")
	if !strings.HasPrefix(name, "/") || strings.Contains(line, "\n") {
		return nil, errors.New("File paths must be fully qualified, and a line is one line: '" + name + "'")
	}
	lines, err := a.readLines(name)
	if err != nil {
		return nil, err
	}
	at := slices.Index(lines, line)
	if r.text("ensure") == "absent" {
		if at < 0 {
			return nil, nil
		}
		return removed(func() error {
			return a.writeLines(name, slices.DeleteFunc(lines, func(s string) bool { return s == line }))
		}), nil
	}
	if at >= 0 {
		return nil, nil
	}
	return created(func() error {
		if m := r.text("match"); m != "" {
			re, err := compileRegex(m)
			if err != nil {
				return err
			}
			if i := slices.IndexFunc(lines, re.MatchString); i >= 0 {
				lines[i] = line
				return a.writeLines(name, lines)
			}
		}
		return a.writeLines(name, append(lines, line))
	}), nil
}

func applyHost(_ context.Context, a *apply, r *Resource) ([]change, error) {
	const file = "/etc/hosts"
	lines, err := a.readLines(file)
	if err != nil {
		return nil, err
	}
	host, ip := r.titled("name"), r.text("ip")
	at := slices.IndexFunc(lines, func(s string) bool {
		words := strings.Fields(strings.SplitN(s, "#", 2)[0])
		return len(words) > 1 && words[1] == host
	})
	want := strings.Join(append([]string{ip, host}, r.many("host_aliases")...), "\t")
	if strings.ContainsAny(host+ip, " \t\n#") || host == "" || strings.Contains(want, "\n") {
		return nil, errors.New("Invalid host name '" + host + "'")
	}
	switch {
	case r.text("ensure") == "absent" && at < 0:
		return nil, nil
	case r.text("ensure") == "absent":
		return removed(func() error { return a.writeLines(file, slices.Delete(lines, at, at+1)) }), nil
	case ip == "":
		return nil, errors.New("ip is a required attribute for hosts")
	case at < 0:
		return created(func() error { return a.writeLines(file, append(lines, want)) }), nil
	}
	have := strings.Fields(lines[at])
	set := func() error { lines[at] = want; return a.writeLines(file, lines) }
	var out []change
	if have[0] != ip {
		out = append(out, changed("ip", have[0], ip, set))
	}
	if aliases := r.many("host_aliases"); len(aliases) > 0 && !slices.Equal(aliases, have[2:]) {
		out = append(out, changed("host_aliases", strings.Join(have[2:], " "), strings.Join(aliases, " "), set))
	}
	return out, nil
}

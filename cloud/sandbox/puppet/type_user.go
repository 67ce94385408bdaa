package puppet

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// record reads passwd(5) or group(5), and finds the line that begins with the name of r; at is -1 when
// there is none.
func (a *apply) record(file string, r *Resource) (lines []string, name string, at int, err error) {
	if lines, err = a.readLines(file); err != nil {
		return nil, "", 0, err
	}
	if name = column(r.titled("name")); name == "" {
		return nil, "", 0, errors.New("Invalid name " + quoteRuby(r.titled("name")))
	}
	at = slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, name+":") })
	return lines, name, at, nil
}

// freeID is the first number from 1000 on that the third column does not have.
func freeID(lines []string) string {
	used := map[string]bool{}
	for _, s := range lines {
		if f := strings.Split(s, ":"); len(f) > 2 {
			used[f[2]] = true
		}
	}
	for id := 1000; ; id++ {
		if s := strconv.Itoa(id); !used[s] {
			return s
		}
	}
}

// column keeps a value from breaking the columns of the file.
func column(s string) string { return strings.NewReplacer(":", "", "\n", "").Replace(s) }

func applyUser(_ context.Context, a *apply, r *Resource) ([]change, error) {
	const file = "/etc/passwd"
	lines, name, at, err := a.record(file, r)
	if err != nil {
		return nil, err
	}
	if r.text("ensure") == "absent" {
		if at < 0 {
			return nil, nil
		}
		return removed(func() error { return a.writeLines(file, slices.Delete(lines, at, at+1)) }), nil
	}
	if at < 0 {
		if r.text("ensure") == "" {
			return nil, nil
		}
		return created(func() error { return a.addUser(r, file, lines, name) }), nil
	}
	fields := strings.Split(lines[at], ":")
	var out []change
	for i, p := range map[int]string{2: "uid", 4: "comment", 5: "home", 6: "shell"} {
		want := column(r.text(p))
		if len(fields) < 7 || want == "" || want == fields[i] {
			continue
		}
		out = append(out, changed(p, fields[i], want, func() error {
			fields[i] = want
			lines[at] = strings.Join(fields, ":")
			return a.writeLines(file, lines)
		}))
	}
	slices.SortFunc(out, func(x, y change) int { return strings.Compare(x.property, y.property) })
	return out, nil
}

func (a *apply) addUser(r *Resource, file string, lines []string, name string) error {
	pick := func(param, otherwise string) string {
		if v := column(r.text(param)); v != "" {
			return v
		}
		return otherwise
	}
	uid := pick("uid", freeID(lines))
	home := pick("home", "/home/"+name)
	line := strings.Join([]string{name, "x", uid, pick("gid", uid), pick("comment", ""), home, pick("shell", "/bin/sh")}, ":")
	if err := a.writeLines(file, append(lines, line)); err != nil {
		return err
	}
	if r.flag("managehome") && strings.HasPrefix(home, "/") {
		return a.node.Mkdir(home, 0o755)
	}
	return nil
}

func applyGroup(_ context.Context, a *apply, r *Resource) ([]change, error) {
	const file = "/etc/group"
	lines, name, at, err := a.record(file, r)
	if err != nil {
		return nil, err
	}
	switch absent := r.text("ensure") == "absent"; {
	case absent && at >= 0:
		return removed(func() error { return a.writeLines(file, slices.Delete(lines, at, at+1)) }), nil
	case !absent && at < 0:
		gid := column(r.text("gid"))
		if gid == "" {
			gid = freeID(lines)
		}
		return created(func() error { return a.writeLines(file, append(lines, name+":x:"+gid+":")) }), nil
	}
	return nil, nil
}

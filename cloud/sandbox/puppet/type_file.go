package puppet

import (
	"context"
	"crypto/sha256"
	bin "encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// Owned is a [Node] whose files have owners. On another, owner and group are not looked at.
type Owned interface {
	Owner(path string) (owner, group string, err error)
	// Chown sets the owner and the group; "" leaves one as it is.
	Chown(path, owner, group string) error
}

func checkFile(r *Resource) string {
	name := strings.TrimRight(r.titled("path"), "/")
	if !strings.HasPrefix(r.titled("path"), "/") {
		return "Parameter path failed on " + r.Ref() + ": File paths must be fully qualified, not '" + name + "'"
	}
	if _, both := r.Params["content"]; both && r.text("source") != "" {
		return "Validation of " + r.Ref() + " failed: You cannot specify more than one of content, source, target"
	}
	if m := r.text("mode"); m != "" {
		if _, err := strconv.ParseUint(m, 8, 12); err != nil && !strings.ContainsAny(m, "=+-") {
			return "Parameter mode failed on " + r.Ref() + ": The file mode specification is invalid: " + quoteRuby(m)
		}
	}
	return ""
}

// sum is a checksum as puppet writes it.
func sum(data []byte) string { return fmt.Sprintf("{sha256}%x", sha256.Sum256(data)) }

func applyFile(ctx context.Context, a *apply, r *Resource) ([]change, error) {
	name := path.Clean(r.titled("path"))
	info, err := a.node.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New(plainError(err))
	}
	switch ensure := r.text("ensure"); {
	case ensure == "absent" || ensure == "false":
		if info == nil {
			return nil, nil
		}
		return []change{{
			property: "ensure", message: "removed", failure: "change from 'present' to 'absent' failed",
			do: func() error { return a.node.Remove(name) },
		}}, nil
	case ensure == "link" || r.text("target") != "":
		return linkChange(ctx, a, r, name, info), nil
	case ensure == "directory":
		return dirChanges(ctx, a, r, name, info), nil
	case ensure != "" && ensure != "present" && ensure != "file":
		return linkChange(ctx, a, r, name, info), nil
	}
	content, managed, err := fileContent(a, r)
	if err != nil {
		return nil, err
	}
	return contentChanges(ctx, a, r, name, info, content, managed), nil
}

// fileContent is what a file should hold; managed is false when puppet does not care.
func fileContent(a *apply, r *Resource) (content []byte, managed bool, err error) {
	if v, ok := r.Params["content"]; ok {
		return []byte(render(v)), true, nil
	}
	sources := r.many("source")
	for _, src := range sources {
		if name, ok := strings.CutPrefix(src, "puppet:///modules/"); ok {
			c := &compiler{env: a.master.Environment(), modules: a.sim.modules}
			if s, found := c.moduleFile(name, "files"); found {
				return []byte(s), true, nil
			}
		} else if local := strings.TrimPrefix(src, "file://"); strings.HasPrefix(local, "/") {
			if data, err := a.node.ReadFile(local); err == nil {
				return data, true, nil
			}
		}
	}
	if len(sources) > 0 {
		return nil, false, errors.New("Could not retrieve information from environment production source(s) " + strings.Join(sources, ", "))
	}
	return nil, false, nil
}

// fileMode is the mode a file should have; ok is false when puppet does not care.
func fileMode(r *Resource, otherwise fs.FileMode) (mode fs.FileMode, ok bool) {
	v, err := strconv.ParseUint(r.text("mode"), 8, 12)
	if err != nil {
		return otherwise, false
	}
	return fs.FileMode(v), true
}

func contentChanges(ctx context.Context, a *apply, r *Resource, name string, info fs.FileInfo, content []byte, managed bool) []change {
	mode, _ := fileMode(r, 0o644)
	if info == nil {
		if !managed && r.text("ensure") == "" {
			return nil
		}
		message := "created"
		if managed {
			message = "defined content as '" + sum(content) + "'"
		}
		return []change{{
			property: "ensure", message: message, failure: "change from 'absent' to 'file' failed",
			do: func() error { return createFile(ctx, a, r, name, content, mode) },
		}}
	}
	var out []change
	if info.IsDir() {
		if r.text("ensure") == "" && !managed {
			return attributeChanges(ctx, a, r, name, info)
		}
		return []change{{
			property: "ensure", message: "defined content as '" + sum(content) + "'", failure: "change from 'directory' to 'file' failed",
			do: func() error {
				if !r.flag("force") {
					return errors.New("Could not remove existing file") //nolint:staticcheck // puppet's words
				}
				if err := a.node.Remove(name); err != nil {
					return err
				}
				return a.node.WriteFile(name, content, mode)
			},
		}}
	}
	old, err := a.node.ReadFile(name)
	if replace := r.text("replace"); managed && (err != nil || string(old) != string(content)) && replace != "false" && replace != "no" {
		out = append(out, change{
			property: "content",
			message:  "content changed '" + sum(old) + "' to '" + sum(content) + "'",
			failure:  "change from '" + sum(old) + "' to '" + sum(content) + "' failed",
			before:   func() { a.showDiff(r, name, info, old, content) },
			do: func() error {
				if err := a.validate(ctx, r, name, content); err != nil {
					return err
				}
				return a.node.WriteFile(name, content, info.Mode().Perm())
			},
		})
	}
	return append(out, attributeChanges(ctx, a, r, name, info)...)
}

func createFile(ctx context.Context, a *apply, r *Resource, name string, content []byte, mode fs.FileMode) error {
	if dir, err := a.node.Stat(path.Dir(name)); err != nil || !dir.IsDir() {
		now := a.sim.now().UTC().Format("20060102")
		inner := "No such file or directory - A directory component in " + name + now + "-" + a.serial(name) + ".lock does not exist or is a dangling symbolic link"
		return &wrapped{fmt.Sprintf("Could not set 'file' on ensure: %s (file: %s, line: %d)", inner, r.pos.file, r.pos.line), inner}
	}
	if err := a.validate(ctx, r, name, content); err != nil {
		return err
	}
	if err := a.node.WriteFile(name, content, mode); err != nil {
		return err
	}
	return a.own(r, name)
}

// validate runs a file's validate_cmd on the new content, in a file beside it.
func (a *apply) validate(ctx context.Context, r *Resource, name string, content []byte) error {
	line := r.text("validate_cmd")
	if line == "" {
		return nil
	}
	mark := r.text("validate_replacement")
	if mark == "" {
		mark = "%"
	}
	temp := name + a.sim.now().UTC().Format("20060102") + "-" + a.serial(name)
	if err := a.node.WriteFile(temp, content, 0o600); err != nil {
		return err
	}
	line = strings.ReplaceAll(line, mark, quoteShell(temp))
	out, exit := a.node.Exec(ctx, line)
	if err := a.node.Remove(temp); err != nil {
		return err
	}
	if exit != 0 {
		return errors.New("Execution of '" + strings.ReplaceAll(line, quoteShell(temp), temp) + "' returned " + render(int64(exit)) + ": " + strings.TrimSpace(out))
	}
	return nil
}

// wrapped is an error puppet tells twice: alone, and with the one it came from.
type wrapped struct{ text, inner string }

func (w *wrapped) Error() string { return w.text }

// serial is the end of a temporary file's name: a process id and some letters, the same ones for
// the same text.
func (a *apply) serial(text string) string {
	id := sha256.Sum256([]byte(a.node.FQDN() + text))
	return fmt.Sprintf("%d-%s", 300+int(id[0])*8, strconv.FormatUint(uint64(bin.BigEndian.Uint32(id[1:])), 36))
}

// own gives a new file its owner.
func (a *apply) own(r *Resource, name string) error {
	o, ok := a.node.(Owned)
	if !ok || r.text("owner") == "" && r.text("group") == "" {
		return nil
	}
	return o.Chown(name, r.text("owner"), r.text("group"))
}

func attributeChanges(ctx context.Context, a *apply, r *Resource, name string, info fs.FileInfo) []change {
	var out []change
	if o, ok := a.node.(Owned); ok {
		if owner, group, err := o.Owner(name); err == nil {
			for _, p := range [][2]string{{"owner", owner}, {"group", group}} {
				want := r.text(p[0])
				if want == "0" {
					want = "root"
				}
				if want == "" || want == p[1] {
					continue
				}
				to := [2]string{}
				to[boolInt(p[0] == "group")] = want
				out = append(out, changed(p[0], p[1], want, func() error { return o.Chown(name, to[0], to[1]) }))
			}
		}
	}
	if mode, ok := fileMode(r, 0); ok {
		have := info.Mode().Perm()
		if info.IsDir() { // a folder that may be read may be entered
			mode |= mode & 0o444 >> 2
		}
		if have != mode&0o777 {
			out = append(out, changed("mode", fmt.Sprintf("%04o", have), fmt.Sprintf("%04o", mode), func() error { return a.chmod(ctx, name, mode) }))
		}
	}
	return out
}

// changed is the usual change of a property from one value to another.
func changed(property, from, to string, do func() error) change {
	return change{
		property: property, do: do,
		message: property + " changed '" + from + "' to '" + to + "'",
		failure: "change from '" + from + "' to '" + to + "' failed",
	}
}

// chmod sets a mode: of a folder with the machine's own chmod, of a file by writing it again.
func (a *apply) chmod(ctx context.Context, name string, mode fs.FileMode) error {
	info, err := a.node.Stat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if out, exit := a.node.Exec(ctx, fmt.Sprintf("chmod %04o %s", mode, quoteShell(name))); exit != 0 {
			return errors.New(strings.TrimSpace(out))
		}
		return nil
	}
	data, err := a.node.ReadFile(name)
	if err != nil {
		return err
	}
	return a.node.WriteFile(name, data, mode)
}

func dirChanges(ctx context.Context, a *apply, r *Resource, name string, info fs.FileInfo) []change {
	if info != nil && info.IsDir() {
		return attributeChanges(ctx, a, r, name, info)
	}
	from := "absent"
	if info != nil {
		from = "file"
	}
	return []change{{
		property: "ensure", message: "created", failure: "change from '" + from + "' to 'directory' failed",
		do: func() error {
			if up, err := a.node.Stat(path.Dir(name)); err != nil || !up.IsDir() {
				return errors.New("Cannot create " + name + "; parent directory " + path.Dir(name) + " does not exist")
			}
			if info != nil {
				if err := a.node.Remove(name); err != nil {
					return err
				}
			}
			mode, _ := fileMode(r, 0o755)
			if err := a.node.Mkdir(name, mode|mode&0o444>>2); err != nil {
				return err
			}
			return a.own(r, name)
		},
	}}
}

// linkChange makes a symbolic link with the machine's own ln.
func linkChange(ctx context.Context, a *apply, r *Resource, name string, info fs.FileInfo) []change {
	target := r.text("target")
	if target == "" {
		target = r.text("ensure")
	}
	have, _ := a.node.Exec(ctx, "readlink "+quoteShell(name))
	if strings.TrimSpace(have) == target {
		return nil
	}
	ch := change{property: "ensure", message: "created", failure: "change from 'absent' to 'link' failed"}
	if info != nil || strings.TrimSpace(have) != "" {
		ch.property, ch.message = "target", "target changed '"+strings.TrimSpace(have)+"' to '"+target+"'"
	}
	ch.do = func() error {
		if out, exit := a.node.Exec(ctx, "ln -sfn "+quoteShell(target)+" "+quoteShell(name)); exit != 0 {
			return errors.New(strings.TrimSpace(out))
		}
		return nil
	}
	return []change{ch}
}

func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// showDiff prints what changes in a file, and that the old one is kept when it is.
func (a *apply) showDiff(r *Resource, name string, info fs.FileInfo, old, content []byte) {
	const stamp = "2006-01-02 15:04:05.000000000 -0700"
	const maxDiff = 256 << 10
	source := shownPath(r)
	now := a.sim.now().UTC()
	if utf8.Valid(old) && utf8.Valid(content) && len(old)+len(content) < maxDiff && !strings.ContainsRune(string(old), 0) && r.text("show_diff") != "false" {
		temp := "/tmp/puppet-file" + now.Format("20060102") + "-" + a.serial(name+string(content))
		d := udiff.Unified(name+"\t"+info.ModTime().UTC().Format(stamp), temp+"\t"+now.Format(stamp), string(old), string(content))
		a.log.say(noticeLine, source+"/content", "\n"+d)
	}
	if r.text("backup") == "puppet" || r.text("backup") == "main" {
		a.log.say(infoLine, "", "Computing checksum on file "+name)
		a.log.say(infoLine, source, "Filebucketed "+name+" to puppet with sum "+strings.TrimPrefix(sum(old), "{sha256}"))
	}
}

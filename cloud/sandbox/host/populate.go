package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"matou/cloud/sandbox/host/bin"
	"matou/cloud/sandbox/host/tree"
)

// copyFS copies a file or folder of fsys into the tree. A file that starts with "#!" becomes
// executable: an embedded file system has no modes.
func copyFS(v tree.View, fsys fs.FS, from, to string, skip func(string) bool) error {
	if !fs.ValidPath(from) {
		return &fs.PathError{Op: "copy", Path: from, Err: fs.ErrInvalid}
	}
	return fs.WalkDir(fsys, from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dst := path.Join(to, strings.TrimPrefix(strings.TrimPrefix(p, from), "/"))
		if d.IsDir() {
			return v.MkdirAll(dst, 0o755)
		}
		if path.Base(p) == ".gitkeep" || skip != nil && skip(p) {
			return nil
		}
		data, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(string(data), "#!") {
			mode = 0o755
		}
		return errors.Join(v.MkdirAll(path.Dir(dst), 0o755), v.WriteFile(dst, data, mode), v.Chmod(dst, mode))
	})
}

// stub is the content of the file that stands for a program of the sandbox.
const stub = "\x7fELF\x02\x01\x01 sandbox program "

// addCommand puts the file of a program into the tree. A bare name goes to /usr/bin.
func (h *Host) addCommand(name string) error {
	p := name
	if !strings.HasPrefix(p, "/") {
		p = "/usr/bin/" + name
	}
	root := h.tree.Root()
	if root.Exists(p) {
		return nil
	}
	return errors.Join(root.MkdirAll(path.Dir(p), 0o755), root.WriteFile(p, []byte(stub+path.Base(p)+"\n"), 0o755), root.Chmod(p, 0o755))
}

// installSoftware puts the programs that every machine has and the image's packages in place.
func (h *Host) installSoftware(img *image) error {
	owned := h.packages.commands()
	var names []string
	for name := range bin.Table {
		names = append(names, name)
	}
	for name := range builtins {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, n := range names {
		if !owned[n] {
			if err := h.addCommand(n); err != nil {
				return err
			}
		}
	}
	start := map[string]time.Duration{}
	for name, d := range img.Services {
		start[name] = time.Duration(d)
	}
	data, err := json.Marshal(start)
	if err != nil {
		return err
	}
	if err := h.tree.Root().WriteFile(stateDir+"/start.json", data, 0o600); err != nil {
		return err
	}
	h.state = state{Packages: map[string]string{}, Pips: map[string]string{}, Services: map[string]bool{}}
	for _, p := range img.Packages {
		if _, err := h.addPackage(p); err != nil {
			return fmt.Errorf("image package: %w", err)
		}
	}
	for name := range img.Services {
		h.state.Services[name] = true
	}
	h.saveState()
	return nil
}

// writeConfigured writes what the configuration asks for at every boot.
func (h *Host) writeConfigured() error {
	root := h.tree.Root()
	for name := range h.cfg.Commands {
		if err := h.addCommand(name); err != nil {
			return err
		}
	}
	write := func(p string, data []byte) error {
		p = tree.Clean("/", p)
		return errors.Join(root.MkdirAll(path.Dir(p), 0o755), root.WriteFile(p, data, 0o644), h.ownLike(path.Dir(p), p))
	}
	for p, data := range h.cfg.Files {
		if !root.Exists(tree.Clean("/", p)) {
			if err := write(p, data); err != nil {
				return err
			}
		}
	}
	for p, data := range h.cfg.Always {
		if err := write(p, data); err != nil {
			return err
		}
	}
	for user := range h.cfg.Users {
		for _, key := range h.cfg.Keys {
			if err := h.authorize(user, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownLike gives a file in somebody's home to that user.
func (h *Host) ownLike(dir, p string) error {
	root := h.tree.Root()
	i, err := root.Stat(dir)
	if err != nil {
		return err
	}
	uid, gid := i.Owner()
	return root.Chown(p, uid, gid)
}

// authorize adds a line to a user's authorized_keys unless it is there.
func (h *Host) authorize(user, key string) error {
	root := h.tree.Root()
	a := bin.LookupUser(root, user)
	key = strings.TrimSpace(key)
	if a.UID < 0 || key == "" {
		return nil
	}
	dir := path.Join(a.Home, ".ssh")
	file := dir + "/authorized_keys"
	if old, _ := root.ReadFile(file); strings.Contains(string(old), key) {
		return nil
	}
	return errors.Join(root.MkdirAll(dir, 0o700), root.Chmod(dir, 0o700), root.Chown(dir, a.UID, a.GID),
		root.AppendFile(file, []byte(key+"\n"), 0o600), root.Chmod(file, 0o600), root.Chown(file, a.UID, a.GID))
}

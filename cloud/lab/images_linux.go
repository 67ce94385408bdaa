package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// doneFile marks a layer that was built to its end.
const doneFile = "done"

// buildingPrefix begins the name of a layer that is being built.
const buildingPrefix = ".building-"

// builder makes layers.
type builder struct {
	dir      string // of all images
	recipe   *recipe
	sources  []byte // apt's package sources
	progress func(string)
}

// ensure builds what is missing of the named images.
func (b *builder) ensure(ctx context.Context, names []string) error {
	var missing []layer
	var expect time.Duration
	seen := map[string]bool{}
	for _, name := range names {
		all, err := b.recipe.layers(name, b.sources)
		if err != nil {
			return err
		}
		for _, l := range all {
			if !seen[l.id] && !b.built(l.id) {
				missing = append(missing, l)
				expect += l.image.Expect
			}
			seen[l.id] = true
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := needTools("mmdebstrap", "dpkg-deb", "chroot", "mount"); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return fmt.Errorf("build images: %w", err)
	}
	lock := flock.New(filepath.Join(b.dir, lockFile))
	if ok, err := lock.TryLockContext(ctx, 500*time.Millisecond); !ok {
		return fmt.Errorf("build images: wait for another build: %w", err)
	}
	defer lock.Close()
	b.progress(fmt.Sprintf("%d images to build, about %s on two quiet cores", len(missing), expect.Round(time.Second)))
	for _, l := range missing {
		if b.built(l.id) {
			continue // by whoever held the lock
		}
		if err := b.build(ctx, l); err != nil {
			return fmt.Errorf("build image %s: %w", l.image.Name, err)
		}
	}
	return nil
}

func (b *builder) built(id string) bool {
	_, err := os.Stat(filepath.Join(b.dir, id, doneFile))
	return err == nil
}

// tree is the layers of an image as overlayfs wants them, topmost first.
func (b *builder) tree(name string) ([]string, error) {
	all, err := b.recipe.layers(name, b.sources)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, l := range slices.Backward(all) {
		if !b.built(l.id) {
			return nil, fmt.Errorf("image %s is not built", l.id)
		}
		dirs = append(dirs, filepath.Join(b.dir, l.id, "tree"))
	}
	return dirs, nil
}

// build makes one layer in a folder of its own, and renames it when it is whole.
func (b *builder) build(ctx context.Context, l layer) error {
	tmp := filepath.Join(b.dir, buildingPrefix+l.id)
	if err := os.RemoveAll(tmp); err != nil { // of a build that was killed: nothing of it is mounted
		return err
	}
	defer os.RemoveAll(tmp)
	for _, d := range []string{"tree", "work", "files"} {
		if err := os.MkdirAll(filepath.Join(tmp, d), 0o755); err != nil {
			return err
		}
	}
	script, err := b.unpack(l, filepath.Join(tmp, "files"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, b.sourcesName()), b.sources, 0o644); err != nil {
		return err
	}
	began := time.Now()
	if err := b.run(ctx, l, tmp, script); err != nil {
		return err
	}
	for _, d := range []string{"work", "files", b.sourcesName()} {
		if err := os.RemoveAll(filepath.Join(tmp, d)); err != nil {
			return err
		}
	}
	took := time.Since(began).Round(time.Second)
	if err := os.WriteFile(filepath.Join(tmp, doneFile), []byte(took.String()+"\n"), 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(b.dir, l.id)); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(b.dir, l.id)); err != nil {
		return err
	}
	b.progress(fmt.Sprintf("%s: built in %s", l.image.Name, took))
	return nil
}

// sourcesName is the name of the package sources as apt wants it: the end tells their form
// (sources.list(5)).
func (b *builder) sourcesName() string {
	if bytes.Contains(b.sources, []byte("Types:")) {
		return "lab.sources"
	}
	return "lab.list"
}

// unpack writes what a script may read to a folder, and returns the script's own path.
func (b *builder) unpack(l layer, dir string) (string, error) {
	base, err := fs.Sub(own, "recipe")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(filepath.Join(dir, "own"), base); err != nil {
		return "", err
	}
	if l.image.Name == firstLayer {
		return filepath.Join(dir, "own", firstLayer+".sh"), os.CopyFS(dir, must(fs.Sub(base, "files")))
	}
	for _, in := range l.image.sources() {
		if err := copyPart(filepath.Join(dir, in), b.recipe.files, in); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "lab", l.image.Script), nil
}

func must(fsys fs.FS, err error) fs.FS {
	if err != nil {
		panic(err) // the path is ours
	}
	return fsys
}

// copyPart copies a file or a folder of a file system.
func copyPart(to string, fsys fs.FS, name string) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		sub, err := fs.Sub(fsys, name)
		if err != nil {
			return err
		}
		return os.CopyFS(to, sub)
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// run runs a layer's script. The log stays beside the images, for whoever asks why.
func (b *builder) run(ctx context.Context, l layer, tmp, script string) error {
	logName := filepath.Join(b.dir, l.id+".log")
	log, err := os.Create(logName)
	if err != nil {
		return err
	}
	defer log.Close()
	told, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	defer told.Close()
	var below []string
	for _, id := range l.below {
		below = append(below, filepath.Join(b.dir, id, "tree"))
	}
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(tmp, "files", "own", "build.sh"), script)
	cmd.Env = append(proxies(),
		"LAB_LAYER="+filepath.Join(tmp, "tree"), "LAB_LOWER="+strings.Join(below, ":"), "LAB_WORK="+filepath.Join(tmp, "work"),
		"LAB_FILES="+filepath.Join(tmp, "files"), "LAB_SOURCES="+filepath.Join(tmp, b.sourcesName()), "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{tell}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Setsid: true, Pdeathsig: syscall.SIGKILL}
	// The script dies with the thread that started it, so that thread has to stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	_ = tell.Close()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(told)
	for lines.Scan() {
		seconds, text, _ := strings.Cut(lines.Text(), " ")
		if _, err := strconv.Atoi(seconds); err == nil {
			text += " (about " + seconds + " s)"
		}
		b.progress(text)
	}
	if err := cmd.Wait(); err != nil {
		end := tailOf(logName, 15)
		if unfetched.MatchString(end) {
			err = ErrFetch
		}
		return fmt.Errorf("%w; the end of %s:\n%s", err, logName, end)
	}
	return nil
}

// unfetched is what apt ends with when it could not get something (apt-get(8)).
var unfetched = regexp.MustCompile(`(?m)^E: (Failed to fetch|Unable to fetch|Some index files failed)`)

// proxies are the variables by which a site tells programs its proxy.
func proxies() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasSuffix(strings.ToLower(name), "_proxy") {
			env = append(env, v)
		}
	}
	return env
}

// tailOf is the last lines of a file.
func tailOf(name string, n int) string {
	f, err := os.Open(name)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const most = 64 << 10
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, _ = f.Seek(-most, 2)
	}
	buf := make([]byte, most)
	k, _ := f.Read(buf)
	lines := bytes.SplitAfter(buf[:k], []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-n-1):], nil))
}

// debianSources are the package sources of this machine when it is the Debian that the images are
// made of, else those of debian.org.
func debianSources(file string) ([]byte, error) {
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read package sources: %w", err)
		}
		return data, nil
	}
	if release, _ := os.ReadFile("/etc/os-release"); bytes.Contains(release, []byte("VERSION_CODENAME=bookworm")) {
		for _, name := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
			data, err := os.ReadFile(name)
			if err == nil && bytes.Contains(data, []byte("bookworm")) {
				return data, nil
			}
		}
	}
	const key = "/usr/share/keyrings/debian-archive-keyring.gpg"
	if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the images are Debian's, and its keys are missing: apt-get install debian-archive-keyring", ErrUnsupported)
	}
	return []byte(`Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: ` + key + `

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: ` + key + "\n"), nil
}

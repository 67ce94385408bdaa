package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// logFile is where a process that serves a lab in the background says what ails it.
const logFile = "log"

// spawnedEnv marks what Spawn started. A program that takes its arguments for something else must not
// go on starting itself.
const spawnedEnv = "MATOU_LAB_SPAWNED"

// spawnTimeout bounds the time until a lab answers; its servers may have to be booted again.
const spawnTimeout = 2 * time.Minute

// Spawn runs this program with other arguments, which make it [Serve] the lab, in a session of its
// own, and waits until it answers.
func Spawn(ctx context.Context, p Place, args []string) (Info, error) {
	var info Info
	if err := p.Check(); err != nil {
		return info, err
	}
	if os.Getenv(spawnedEnv) != "" {
		return info, errors.New("start lab: started to serve, and asked to start another")
	}
	if _, err := Find(p); err == nil {
		return info, fmt.Errorf("start lab %s: %w", p.name(), ErrRunning)
	}
	if err := os.MkdirAll(p.folder(), 0o755); err != nil {
		return info, fmt.Errorf("start lab: %w", err)
	}
	name := filepath.Join(p.folder(), logFile)
	log, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return info, fmt.Errorf("start lab: %w", err)
	}
	defer log.Close()
	cmd := exec.Command("/proc/self/exe", args...) //nolint:noctx // it is to outlive us
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), spawnedEnv+"=1")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return info, fmt.Errorf("start lab: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, spawnTimeout)
	defer cancel()
	for {
		if info, err := Find(p); err == nil && info.Process == cmd.Process.Pid {
			return info, nil
		}
		select {
		case err := <-ended:
			return info, fmt.Errorf("start lab: %w: %s", errors.Join(err), strings.TrimSpace(tailOf(name, 5)))
		case <-ctx.Done():
			_ = cmd.Process.Kill()
			return info, fmt.Errorf("start lab: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

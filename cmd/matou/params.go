package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"matou/steps"
)

// paramsFile is where a seat keeps parameters that were chosen while it worked.
const paramsFile = "params.json"

// readParams reads what a seat keeps. No file is no parameters.
func readParams(dir string) (map[string]string, error) {
	if dir == "" {
		return nil, nil
	}
	name := filepath.Join(dir, paramsFile)
	data, err := steps.ReadSmall(name, maxParams)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var kept map[string]string
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		return nil, fmt.Errorf("read the seat's parameters: %w", err)
	}
	return kept, nil
}

// maxParams bounds the file, in bytes.
const maxParams = 1 << 20

// remember keeps one parameter for the next programs. A seat without a folder keeps nothing.
func (s *session) remember(name, value string) error {
	if s.dir == "" || s.readOnly() {
		return nil
	}
	kept, err := readParams(s.dir)
	if err != nil {
		return err
	}
	if kept == nil {
		kept = map[string]string{}
	}
	kept[name] = value
	data, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	temp := filepath.Join(s.dir, "."+paramsFile)
	if err := os.WriteFile(temp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(s.dir, paramsFile))
}

// readOnly tells that another program has the seat.
func (s *session) readOnly() bool { return s.holder != nil }

package steps

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// Builtins are the values every workshop may name for a seat. A seat's number is the digits in its
// name, in two places ("7" and "web-07" are "07"); a seat without digits has none.
func Builtins(w *Workshop, seat string) Vars {
	vars := Vars{"seat": seat, "workshop": w.Name}
	if n, err := strconv.Atoi(seatDigits(seat)); err == nil && n < 100 {
		vars["seat.number"] = fmt.Sprintf("%02d", n)
	}
	return vars
}

// Resolve gives each parameter its value: the given one, or its default filled in. Known holds the
// values defaults may name; a parameter whose default names an unknown one has no value, which
// matters only to what uses it. All that is wrong is reported at once.
func (w *Workshop) Resolve(given map[string]string, known Vars) (Vars, error) {
	vars := known.With(nil)
	var errs []error
	var names []string
	for _, p := range w.Params {
		names = append(names, p.Name)
		value, ok := given[p.Name]
		if !ok {
			var err error
			if value, err = Expand(p.Default, vars, nil); err != nil {
				continue
			}
		}
		if err := checkParam(p, value); err != nil {
			errs = append(errs, err)
		}
		vars[p.Name] = value
	}
	for _, name := range keysOf(given) {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("no parameter %q%s", name, hint(name, names)))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, &Failure{Kind: FailValue, Cause: err.Error(), Err: err}
	}
	return vars, nil
}

func checkParam(p Param, value string) error {
	switch p.Type {
	case "int":
		if _, err := strconv.Atoi(value); err != nil {
			return fmt.Errorf("parameter %s: %q is no whole number", p.Name, value)
		}
	case "bool":
		if value != "true" && value != "false" {
			return fmt.Errorf("parameter %s: %q is neither true nor false", p.Name, value)
		}
	}
	return nil
}

package compat

// shrink cuts history down while check still finds a difference in it: delta debugging, in halves, quarters, and so on
// down to single commands, until no single command can go.
func shrink(history []command, check func([]command) (*difference, error)) ([]command, *difference, error) {
	best, err := check(history)
	if best == nil || err != nil {
		return history, best, err
	}
	if best.at < len(history) {
		history = history[:best.at+1]
	}
	for size := max(len(history)/2, 1); ; {
		removed := false
		for from := 0; from < len(history); {
			shorter := append(append([]command{}, history[:from]...), history[min(from+size, len(history)):]...)
			d, err := check(shorter)
			if err != nil {
				return history, best, err
			}
			if d == nil {
				from += size
				continue
			}
			history, best, removed = shorter, d, true
			if d.at < len(history) {
				history = history[:d.at+1]
			}
		}
		if size > 1 {
			size /= 2
		} else if !removed {
			return history, best, nil
		}
	}
}

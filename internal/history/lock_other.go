//go:build !unix

package history

import "os"

func lock(*os.File) error { return nil }

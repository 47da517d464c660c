package snapshot

import (
	"fmt"
	"os"
	"path/filepath"

	"granary/internal/persist/pagecache"
)

// syncEvery is after how many bytes a file is synced while it is written, so that the last sync is not one of everything.
const syncEvery = 4 << 20

// File is a Target that becomes a file of a name when everything is in it, and until then has another name in the same
// directory: whatever happens, the name stands for a whole file, the old one or the new.
type File struct {
	f           *os.File
	temp, name  string
	incremental bool
	unsynced    int

	// ReadSoon leaves the file in the page cache: it is about to be loaded.
	ReadSoon bool
}

// CreateFile creates the file temp, which will become name. With incremental, it is synced now and then.
func CreateFile(temp, name string, incremental bool) (*File, error) {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	return &File{f: f, temp: temp, name: name, incremental: incremental}, nil
}

// Write writes bytes.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.f.Write(p)
	if f.unsynced += n; err == nil && f.incremental && f.unsynced >= syncEvery {
		f.unsynced = 0
		err = f.sync()
	}
	return n, err
}

// sync brings what was written to the disk, and as a rule leaves it only there.
func (f *File) sync() error {
	err := f.f.Sync()
	if err == nil && !f.ReadSoon {
		pagecache.Drop(f.f, 0)
	}
	return err
}

// Finish syncs the file and gives it its name, or removes it.
func (f *File) Finish(err error) error {
	if err == nil {
		err = f.sync()
	}
	if e := f.f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.temp, f.name)
	}
	if err != nil {
		os.Remove(f.temp)
		return err
	}
	return SyncDir(filepath.Dir(f.name))
}

// SyncDir makes what was renamed or removed in a directory last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("syncing the directory: %w", err)
	}
	return nil
}

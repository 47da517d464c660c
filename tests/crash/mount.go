package crash

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount makes a Disk a file system of this machine, which needs /dev/fuse, and the right to mount or fusermount3. The kernel keeps
// nothing of it: every read and write comes here.
func Mount(d *Disk, dir string) (unmount func() error, err error) {
	opt := &fs.Options{MountOptions: fuse.MountOptions{DirectMount: true, FsName: "granary-crash", MaxWrite: 1 << 20}}
	server, err := fs.Mount(dir, &mountRoot{d: d}, opt)
	if err != nil {
		return nil, fmt.Errorf("mounting a file system of FUSE: %w", err)
	}
	return server.Unmount, nil
}

// mountRoot is the root of the mount. It has one directory, "N", for each time the disk came up: what the kernel remembers of
// files before a failure of power is not asked for behind it.
type mountRoot struct {
	fs.Inode
	d *Disk
}

// Lookup answers with what is the root of the disk now, whatever name it is asked for.
func (r *mountRoot) Lookup(ctx context.Context, _ string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if no := r.d.lock(); no != 0 {
		return nil, no
	}
	n := r.d.root
	r.d.mu.Unlock()
	return inode(ctx, &r.Inode, r.d, n, out), 0
}

// mounted is a node as FUSE has it.
type mounted struct {
	fs.Inode
	d *Disk
	n *node
}

// handle is an open file.
type handle struct{ atEnd bool }

func inode(ctx context.Context, under *fs.Inode, d *Disk, n *node, out *fuse.EntryOut) *fs.Inode {
	d.mu.Lock()
	fill(n, &out.Attr)
	d.mu.Unlock()
	return under.NewInode(ctx, &mounted{d: d, n: n}, fs.StableAttr{Mode: out.Mode & syscall.S_IFMT, Ino: n.id})
}

// fill sets the attributes of a node. REQUIRES: the lock of the disk.
func fill(n *node, a *fuse.Attr) {
	a.Ino, a.Nlink, a.Blksize = n.id, 1, 4096
	a.Mode = syscall.S_IFREG | 0o644
	if n.isDir {
		a.Mode = syscall.S_IFDIR | 0o755
	}
	a.Size = uint64(len(n.data))
	a.Blocks = (a.Size + 511) / 512
}

// Lookup finds a name.
func (m *mounted) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	if no := m.d.lock(); no != 0 {
		return nil, no
	}
	n := m.n.names[name]
	m.d.mu.Unlock()
	if n == nil {
		return nil, syscall.ENOENT
	}
	return inode(ctx, &m.Inode, m.d, n, out), 0
}

// Readdir lists a directory.
func (m *mounted) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	if no := m.d.lock(); no != 0 {
		return nil, no
	}
	defer m.d.mu.Unlock()
	var list []fuse.DirEntry
	for _, name := range slices.Sorted(maps.Keys(m.n.names)) {
		var a fuse.Attr
		fill(m.n.names[name], &a)
		list = append(list, fuse.DirEntry{Name: name, Ino: a.Ino, Mode: a.Mode})
	}
	return fs.NewListDirStream(list), 0
}

// Getattr answers stat.
func (m *mounted) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	fill(m.n, &out.Attr)
	return 0
}

// Setattr sets the length; modes, owners and times are accepted and forgotten.
func (m *mounted) Setattr(ctx context.Context, f fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	if size, ok := in.GetSize(); ok {
		if no := m.d.truncate(m.n, int64(size)); no != 0 {
			return no
		}
	}
	return m.Getattr(ctx, f, out)
}

// Create makes a file and opens it.
func (m *mounted) Create(ctx context.Context, name string, flags, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n, no := m.d.make(m.n, name, false)
	if no != 0 {
		return nil, nil, 0, no
	}
	return inode(ctx, &m.Inode, m.d, n, out), &handle{flags&syscall.O_APPEND != 0}, fuse.FOPEN_DIRECT_IO, 0
}

// Mkdir makes a directory.
func (m *mounted) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n, no := m.d.make(m.n, name, true)
	if no != 0 {
		return nil, no
	}
	return inode(ctx, &m.Inode, m.d, n, out), 0
}

// Unlink removes a file.
func (m *mounted) Unlink(_ context.Context, name string) syscall.Errno {
	return m.d.remove(m.n, name, false)
}

// Rmdir removes a directory.
func (m *mounted) Rmdir(_ context.Context, name string) syscall.Errno {
	return m.d.remove(m.n, name, true)
}

// Rename renames.
func (m *mounted) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, _ uint32) syscall.Errno {
	dir, ok := to.(*mounted)
	if !ok {
		return syscall.EXDEV
	}
	return m.d.rename(m.n, name, dir.n, newName)
}

// Open opens a file. Its bytes never stay in the kernel.
func (m *mounted) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	if flags&syscall.O_TRUNC != 0 {
		if no := m.d.truncate(m.n, 0); no != 0 {
			return nil, 0, no
		}
	}
	return &handle{flags&syscall.O_APPEND != 0}, fuse.FOPEN_DIRECT_IO, 0
}

// Read reads.
func (m *mounted) Read(_ context.Context, _ fs.FileHandle, dest []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	if no := m.d.lock(); no != 0 {
		return nil, no
	}
	defer m.d.mu.Unlock()
	if at >= int64(len(m.n.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, m.n.data[at:])]), 0
}

// Write writes.
func (m *mounted) Write(_ context.Context, f fs.FileHandle, data []byte, at int64) (uint32, syscall.Errno) {
	if f.(*handle).atEnd {
		at = -1
	}
	if no := m.d.write(m.n, data, at); no != 0 {
		return 0, no
	}
	return uint32(len(data)), 0
}

// Fsync makes a file or a directory durable.
func (m *mounted) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return m.d.sync(m.n) }

// Flush is called by close, which makes nothing durable.
func (m *mounted) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

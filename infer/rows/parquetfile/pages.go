//go:build cloud

package parquetfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/flowerctl/flowerctl/infer/rows"
)

// largestPage is more than an image may have, in bytes.
const largestPage = 512 << 20

// checkFooter looks whether the footer is inside the file: the library allocates what its
// length says.
func checkFooter(f io.ReaderAt, size int64) error {
	var tail [8]byte // a length, and PAR1
	_, err := f.ReadAt(tail[:], max(0, size-8))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if length := int64(binary.LittleEndian.Uint32(tail[:])); size < 12 || length > size-12 {
		return rows.Damaged("not a Parquet file, or cut short (a footer of %d bytes in %d)", length, size)
	}
	return nil
}

// checkPages reads the headers of a column's pages in a row group, before any page is: the
// library allocates what they say.
func (t *table) checkPages(group int) error {
	c := t.parquet.Metadata().RowGroups[group].Columns[t.leaf.index].MetaData
	at := c.DataPageOffset
	if d := c.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	end := at + c.TotalCompressedSize
	if at < 0 || end < at || end > t.parquet.Size() {
		return rows.Damaged("damaged (a column at %d to %d of %d bytes)", at, end, t.parquet.Size())
	}
	for at < end {
		part := io.NewSectionReader(t.f, at, end-at)
		buffer := bufio.NewReader(part)
		h := new(format.PageHeader)
		err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(buffer)).Decode(h)
		if err != nil {
			return asDamage(err)
		}
		read, err := part.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		at += read - int64(buffer.Buffered())
		packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
		if packed < 0 || packed > end-at || unpacked < 0 || unpacked > largestPage {
			return rows.Damaged("damaged (a page of %d bytes, %d unpacked, in %d)", packed, unpacked, end-at)
		}
		at += packed
	}
	return nil
}

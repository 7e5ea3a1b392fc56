// Decoding with libjpeg-turbo.

#ifndef FLOWERCTL_TURBO_H
#define FLOWERCTL_TURBO_H

// flowerctl_decode_rgb decodes a JPEG of w x h pixels to w*h*3 bytes of RGB, with
// the accurate inverse DCT and interpolated chroma. It returns 0 on success, and 1
// if libjpeg-turbo reports an error or a warning.
int flowerctl_decode_rgb(const unsigned char *data, unsigned long size, unsigned char *out,
                         unsigned w, unsigned h);

#endif

/* device_memory.h -- which addresses are the device's, and which are page-locked.
 *
 * Tests (simt).  Device memory is host memory that the stand-in keeps a list of.  Under
 * AddressSanitizer allocations are exact, and closed to everyone while nothing runs on the device
 * (of large ones the first 64 KB); without it a rim of 0xFF on both sides is looked at after each
 * kernel. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_SIMT_DEVICE_MEMORY_H
#define LG_SIMT_DEVICE_MEMORY_H

#include <stddef.h>

namespace simt
{

/* [at, at + bytes) lies in one live device allocation (page-locked allocation). */
bool is_device(const void *at, size_t bytes);
bool is_page_locked(const void *at, size_t bytes);

/* Any byte of [at, at + bytes) is device memory. */
bool touches_device(const void *at, size_t bytes);

/* For messages: "device memory", "freed device memory", "page-locked host memory", "host memory",
 * "no memory". */
const char *describe_address(const void *at);

/* Names who wrote over the rim of an allocation, and ends the process. */
void check_rims(const char *who);

/* While one lives, device memory is open; only the outermost one does anything. */
class device_open
{
  public:
    device_open();
    ~device_open();
    device_open(const device_open &) = delete;
    device_open &operator=(const device_open &) = delete;
};

} // namespace simt

#endif

/* A link to the control page of a running process: finding it, claiming it, asking and parking.
 *
 * The page is found by its name among /proc/PID/fd and opened through that link, which the kernel
 * allows to those who may ptrace the process. It is sealed, so mapping it is safe: it cannot shrink
 * under us. What it holds is still the word of another process.
 *
 * Reading needs no claim. Asking for events does: one reader at a time holds the slot, named by pid
 * and start time, and a slot whose owner is dead is taken over. Parking and the epoch need no
 * claim.
 */
#ifndef BRILLE_TRACER_READ_LINK_H
#define BRILLE_TRACER_READ_LINK_H

#include "tracer/abi/control.h"
#include "tracer/read/status.h"

#include <stdbool.h>

struct control_link {
    int pid; /* as we see it */
    int fd;
    struct trace_control *page;
    uint64_t claim;               /* what we put into the slot, 0 when we hold nothing */
    struct control_filter filter; /* to be posted */
};

enum read_status control_link_open(struct control_link *link, int pid, struct read_error *error);
/* Takes over `fd`, a page made by ourselves (brille run). `pid` is 0 until the child exists. */
enum read_status control_link_init(struct control_link *link, int pid, int fd,
                                   struct read_error *error);
/* Gives the slot back and unmaps. Does not stop tracing: session.h does. */
void control_link_close(struct control_link *link);

/* Is the process there, and still the one that was opened? */
bool control_link_alive(const struct control_link *link);

/* READ_BUSY names the reader that holds the slot. */
enum read_status control_link_claim(struct control_link *link, struct read_error *error);
void control_link_release(struct control_link *link);
void control_link_beat(struct control_link *link);

/* Posts a request, with link->filter if it says CONTROL_FILTER; `request->seq` is filled in. Then
 * wait for the answer: READ_TIMEOUT leaves the request standing, and waiting may be repeated.
 * READ_REFUSED when the process said no. */
void control_link_ask(struct control_link *link, struct control_request *request);
enum read_status control_link_wait(struct control_link *link, const struct control_request *request,
                                   unsigned milliseconds, struct control_ack *ack,
                                   struct read_error *error);
const char *control_ack_name(enum control_ack_status status);

/* Asks the interpreter to stand at a safepoint. True when it does, within the time. It then stands
 * for CONTROL_PARK_MS after the last re-arm. `ticket` is any number but 0, best a fresh one. */
bool control_link_park(struct control_link *link, uint32_t ticket, unsigned milliseconds);
void control_link_rearm(struct control_link *link);
void control_link_unpark(struct control_link *link);

/* Adds one to the epoch (a capture has been taken); returns the new one. */
uint32_t control_link_advance_epoch(struct control_link *link);

#endif

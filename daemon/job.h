/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One piece of work with a card: what to do, and what came out. The main thread makes it and hands
 * it to a worker; it comes back as mail. In between it belongs to the worker, except for what
 * job_cancel() does.
 */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>
#include <time.h>

#include "apdu/jpki.h"
#include "daemon/certificate.h"
#include "daemon/mailbox.h"
#include "daemon/rules.h"

enum job_kind {
	JOB_READ_CERTIFICATE,
	JOB_READ_TRIES,
	JOB_CHECK_PIN, /* may a PIN be asked for? Tells the tries that the person is to be told */
	JOB_VERIFY_PIN,
	JOB_SIGN,
	JOB_CHANGE_PIN,
	JOB_RESET_PIN,
};

struct job_bytes {
	uint8_t *bytes;
	size_t length;
};

struct job {
	struct mail mail;
	struct job *next; /* struct worker::waiting */
	unsigned int round;

	/* What to do. */
	enum job_kind kind;
	enum jpki_applet applet;
	enum jpki_certificate which; /* is read; JOB_SIGN: the holder's, if any */
	bool with_pin;
	struct secret *pin;     /* JOB_RESET_PIN: the reset code; NULL: typed at the reader's pad */
	struct secret *new_pin; /* NULL: likewise */
	bool from_lease;        /* the PIN: nobody has typed it for this job */
	/*
	 * Which of the PINs that this card has had since it was put in: that of the lease; or
	 * comes out with a PIN that was right.
	 */
	unsigned int pin_number;
	uid_t uid;              /* whose try it is */
	struct rules rules;
	pid_t pid;              /* of the caller, for the log; 0: not known */
	const char *operation;  /* the D-Bus method; static */
	const char *scheme;     /* JOB_SIGN: its name; static */
	const char *reader;     /* its name for people; its worker's */
	bool has_expected_tries;
	uint32_t expected_tries;
	bool allow_last_try;
	enum jpki_padding padding; /* JOB_SIGN */
	size_t input_count;
	struct job_bytes *inputs;
	bool needs_certificate; /* JOB_SIGN: the holder's certificate is wanted as well */
	char *caller;           /* unique name: whose turn it is */

	/* What came out. */
	bool may_be_open; /* the card may be verified: close its keys */
	int result;       /* 0, an answer, or a negative errno */
	bool has_tries;
	int tries;   /* the counter as last seen, where has_tries */
	int code_tries;    /* JOB_RESET_PIN: the reset code's; or JPKI_TRIES_UNKNOWN */
	time_t held_until; /* ANSWER_HELD_OFF */
	bool verified;     /* the PIN was right */
	uint8_t ins; /* ANSWER_CARD_ERROR: what the card refused… */
	uint16_t sw; /* …and how */
	struct job_bytes certificate;
	struct job_bytes *signatures; /* input_count of them */

	/* Main thread only. */
	bool back; /* the worker has done with it: what came out can be read */
	/* Who is told. NULL once nobody is. */
	void (*done)(struct job *job, int result, void *userdata);
	void *userdata;

	/* Between the threads. */
	atomic_int state; /* enum job_state */
	atomic_bool sent; /* a PIN or a reset code has gone to the card */
};

enum job_state {
	JOB_WAITING,
	JOB_CLAIMED,
	JOB_VERIFYING, /* a VERIFY may be out, and its answer is not known */
	JOB_CANCELLED,
};

/* NULL: no memory. The caller's name and the rules are copied. */
struct job *job_new(enum job_kind kind, enum jpki_applet applet, const char *caller,
		    const struct rules *rules);
struct job *job_free(struct job *job); /* wipes what is secret; NULL is allowed */
void job_freep(struct job **job);

/* Worker: takes the job up, unless it has been cancelled. From here on it may reach the card. */
bool job_claim(struct job *job);

/* Worker: the point from which a try may be spent; false: the job has been given up, so none is. */
bool job_begin_verify(struct job *job);
/* Worker: the outcome is known. */
void job_end_verify(struct job *job);

/*
 * Main: calls the job off, wipes its PINs, and finishes it with @answer. False: too late, it has
 * been claimed, and is finished when it is done. Its memory is the worker's either way, until it
 * comes back as mail.
 */
bool job_cancel(struct job *job, int answer);

/*
 * Main: a job that the worker has is not waited for any longer. It is finished with
 * ANSWER_OUTCOME_UNKNOWN if a VERIFY may be out, otherwise with ANSWER_READER_ERROR, and none will
 * go out then.
 */
void job_give_up(struct job *job);

/* Main: tells who waits, once. What came out may be read only if job->back. */
void job_finish(struct job *job, int result);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JPKI application of a card: two applets (keys with a certificate, its issuer's certificate
 * and a PIN each) and what can be done with them. Every function speaks with the card through the
 * channel and passes on the answers of channel.transmit(); ANSWER_CARD_ERROR means a status word
 * that it has no word for, and jpki->ins and jpki->sw tell which. The caller holds the card for
 * itself (a PC/SC transaction or an exclusive connection) from jpki_select() to jpki_clear().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apdu/channel.h"
#include "base/secret.h"

enum jpki_applet {
	JPKI_AUTH,
	JPKI_SIGN,
	JPKI_APPLET_COUNT,
};

/* What the label of EF 0006 says. */
enum jpki_type {
	JPKI_TYPE_UNKNOWN,
	JPKI_TYPE_MYNUMBER_CARD,
	JPKI_TYPE_ANDROID_PHONE,
	JPKI_TYPE_IPHONE,
	JPKI_TYPE_JUKI_CARD,
};

enum jpki_certificate {
	JPKI_HOLDER_CERTIFICATE,
	JPKI_ISSUER_CERTIFICATE,
	JPKI_CERTIFICATE_COUNT,
};

enum {
	JPKI_CERTIFICATE_LENGTH_MAX = 8192,
	JPKI_SIGN_INPUT_MAX = 245,       /* RSA-2048 less the 11 bytes of PKCS #1 v1.5 padding */
	JPKI_SIGNATURE_LENGTH_MAX = 256,
	JPKI_TRIES_UNKNOWN = -1,
};

/* P1 of SIGN, as measured on cards (not an ISO 7816-8 value). */
enum jpki_padding {
	JPKI_PADDING_PKCS1 = 0x00,       /* PKCS #1 v1.5 over the input as it is */
	JPKI_PADDING_PSS_SHA256 = 0x04,  /* RSA-PSS over a SHA-256 digest */
};

/* One card, from power-up to removal. Start with JPKI_INIT; it owns nothing. */
struct jpki {
	struct channel channel;
	bool short_ef;       /* the card knows short EF identifiers; assumed until it refuses one */
	bool short_verify;   /* a retry query with one was answered: VERIFY may use it */
	uint16_t current_ef; /* 0: none, or not known */
	uint8_t ins;         /* of the last command that was answered… */
	uint16_t sw;         /* …and its status word */
};
#define JPKI_INIT(channel_) ((struct jpki){ .channel = (channel_), .short_ef = true })

struct jpki_token {
	enum jpki_type type;
	bool has_certificate[JPKI_APPLET_COUNT]; /* EF 0008; true where the card does not say */
	bool has_reset_code; /* its holder can reset a PIN with RESET RETRY COUNTER */
};

/* What the tables say of a type or an applet; static strings as the D-Bus contract spells them. */
const char *jpki_type_name(enum jpki_type type);
const char *jpki_applet_name(enum jpki_applet applet);
unsigned int jpki_tries_max(enum jpki_applet applet);

/*
 * The holder's certificate can be read only after its PIN: always for sign, on phones for auth too.
 */
bool jpki_certificate_needs_pin(enum jpki_type type, enum jpki_applet applet,
				enum jpki_certificate which);

/*
 * SELECT the application. A first command that fails with 6F00 after power-up is sent once more.
 * ANSWER_UNSUPPORTED_CARD where the card has no such application.
 */
int jpki_select(struct jpki *jpki);

/*
 * Reads EF 0006 and EF 0008 of the selected application: two commands where short EF identifiers
 * work.
 */
int jpki_read_token(struct jpki *jpki, struct jpki_token *ret_token);

/*
 * Asks for the tries left: 0 is locked (63C0, 6983 or 6984), JPKI_TRIES_UNKNOWN where the card does
 * not say (9000: it is verified; 6300). Costs no try.
 */
int jpki_tries(struct jpki *jpki, enum jpki_applet applet, int *ret_tries);

/*
 * One VERIFY, never repeated. 0: right. ANSWER_PIN_INCORRECT or ANSWER_PIN_LOCKED: wrong, and
 * *ret_tries tells what is left (JPKI_TRIES_UNKNOWN for a wrong PIN with 6300).
 * ANSWER_OUTCOME_UNKNOWN: the answer did not arrive, or does not tell whether the card compared the
 * PIN (61xx, 62xx, 64xx to 66xx, 6Fxx), so the try may be spent. ANSWER_CARD_ERROR: the card
 * refused the command (67xx to 6Exx), or the SELECT before it. The PIN's format is the caller's
 * duty; an empty one is -EINVAL, because it would be a query.
 *
 * @pin NULL: a person types it at the reader's pad (-EINVAL where there is none). Then also the
 * answers of exchange_send_from_pad(), and ANSWER_PIN_INCORRECT may be no more than an empty
 * entry, which the card took for a query: its counter tells.
 */
int jpki_verify(struct jpki *jpki, enum jpki_applet applet, const struct secret *pin,
		int *ret_tries);

/*
 * Reads the DER of a certificate, exactly as long as its own header says; what the file holds
 * behind it is left. *ret_der is the caller's to free. ANSWER_NO_CERTIFICATE: the file is empty,
 * FF, or absent. ANSWER_CERTIFICATE_UNREADABLE: not a DER SEQUENCE, over
 * JPKI_CERTIFICATE_LENGTH_MAX, or the card stops giving bytes. ANSWER_PIN_REQUIRED: 6982.
 */
int jpki_read_certificate(struct jpki *jpki, enum jpki_applet applet, enum jpki_certificate which,
			  uint8_t **ret_der, size_t *ret_length);

/*
 * SIGN with the applet's key; its PIN has been verified since jpki_select(). @ret_signature has
 * room for JPKI_SIGNATURE_LENGTH_MAX bytes. ANSWER_PIN_REQUIRED: 6982. -EINVAL: an input that
 * cannot fit.
 */
int jpki_sign(struct jpki *jpki, enum jpki_applet applet, enum jpki_padding padding,
	      const uint8_t *input, size_t length, uint8_t *ret_signature, size_t *ret_length);

/*
 * CHANGE REFERENCE DATA (P1 01: the body is the new PIN only), never repeated; the PIN that holds
 * has been verified just before. ANSWER_CARD_ERROR: the card has refused the new PIN, and the old
 * one holds. ANSWER_OUTCOME_UNKNOWN: nobody knows which of them holds. @new_pin NULL: as for
 * jpki_verify(), and typed twice.
 */
int jpki_change(struct jpki *jpki, enum jpki_applet applet, const struct secret *new_pin);

/*
 * For tokens with a reset code: its tries left, as jpki_tries() has them for a PIN, and RESET RETRY
 * COUNTER (P1 00: the body is the code and the new PIN), never repeated, with the answers of
 * jpki_verify(), *ret_tries being the code's. ANSWER_CARD_ERROR: the card has refused the command
 * or the new PIN; whether a try of the code was spent only its counter tells.
 */
int jpki_reset_tries(struct jpki *jpki, enum jpki_applet applet, int *ret_tries);
int jpki_reset(struct jpki *jpki, enum jpki_applet applet, const struct secret *code,
	       const struct secret *new_pin, int *ret_tries);

/*
 * Ends the card's verified state by selecting another application (re-selecting this one would
 * not). ANSWER_CARD_ERROR: this card has none to select, so only power off ends it.
 */
int jpki_clear(struct jpki *jpki);

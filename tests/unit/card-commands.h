/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to a JPKI card, in the hexadecimal of scripts (tests/unit/script.h). */
#pragma once

#define OK "90 00"

#define SELECT_AP "00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01"
/* The other applications, by which a card is closed. */
#define SELECT_ISD "00 A4 04 0C 07 A0 00 00 01 51 00 00"
#define SELECT_TEXT_AP "00 A4 04 0C 0A D3 92 10 00 31 00 01 01 04 08"

#define SELECT_EF "00 A4 02 0C 02 "
#define SELECT_AUTH_PIN SELECT_EF "00 18"
#define SELECT_SIGN_PIN SELECT_EF "00 1B"

#define READ_LABEL "00 B0 86 00 20"
#define LABEL_OF_CARD "4A504B494150494343544F4B454E32 2020202020202020202020202020202020"
#define READ_AVAILABILITY "00 B0 88 00 02"
#define READ_AUTH "00 B0 8A 00 00"
#define READ_AUTH_ISSUER "00 B0 8B 00 00"

/* PLAIN: of the current EF. */
#define QUERY_AUTH "00 20 00 98"
#define QUERY_SIGN "00 20 00 9B"
#define QUERY_PLAIN "00 20 00 80"
#define VERIFY_AUTH "00 20 00 98 04 31 32 33 34"
#define VERIFY_SIGN "00 20 00 9B 06 41 42 43 31 32 33"
#define VERIFY_PLAIN "00 20 00 80 04 31 32 33 34"
/* What a reader is handed that asks for the PIN at its pad. */
#define VERIFY_AUTH_AT_PAD QUERY_AUTH
#define VERIFY_SIGN_AT_PAD QUERY_SIGN
#define CHANGE_TO_5678 "00 24 01 80 04 35 36 37 38"

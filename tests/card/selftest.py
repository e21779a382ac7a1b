#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges the virtual card by raw APDUs, and what it signs by openssl."""
import contextlib
import hashlib
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from reader import (  # noqa: E402
    AUTH_KEY_EF, AUTH_PIN_EF, JPKI_AID, PATIENCE, PROGRAM, SIGN_KEY_EF, SIGN_PIN_EF, CardGone,
    Reader, change, command, read_all, reset_pin, select_ap, select_ef, sign, verify)

PAUSE = 0.3  # seconds in which something that must not happen could have

ATR = bytes.fromhex("3BE000FF8131FE4514")
ISD_AID = "A0000001510000"
COMMON_AID = "D3921000310001010100"
SHA256_DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420")


class CardTest(unittest.TestCase):
    root = pathlib.Path(tempfile.mkdtemp())
    pki = root / "pki"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def start(self, *options):
        reader = Reader(self.folder, *options)
        self.addCleanup(reader.close)
        return reader

    def start_jpki(self, *options):
        reader = self.start(*options)
        self.expect(reader, "9000", select_ap())
        return reader

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def expect(self, reader, sw, *commands):
        """Sends the commands; each must be answered with that status word. The last one's data."""
        data = b""
        for each in commands:
            data, got = reader.answer(each)
            self.assertEqual(got, sw, each)
        return data

    def use_auth_key(self, reader):
        self.expect(reader, "9000", select_ap(), select_ef(AUTH_PIN_EF), verify("1234"),
                    select_ef(AUTH_KEY_EF))

    def use_sign_key(self, reader):
        self.expect(reader, "9000", select_ap(), select_ef(SIGN_PIN_EF), verify("ABC123"),
                    select_ef(SIGN_KEY_EF))

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *arguments], capture_output=True, check=False)

    def public_key(self, purpose):
        path = self.folder / f"{purpose}.pub"
        if not path.exists():
            run = self.openssl("x509", "-inform", "DER", "-in", self.pki / f"{purpose}.der",
                               "-noout", "-pubkey", "-out", path)
            self.assertEqual(run.returncode, 0, run.stderr)
        return path

    def openssl_accepts(self, purpose, signature, data, *options):
        run = self.openssl("dgst", "-sha256", "-verify", self.public_key(purpose), *options,
                           "-signature", self.file("signature", signature),
                           self.file("data", data))
        return run.returncode == 0

    def openssl_recovers(self, purpose, signature):
        """What stands in the PKCS #1 padding."""
        run = self.openssl("pkeyutl", "-verifyrecover", "-pubin",
                           "-inkey", self.public_key(purpose),
                           "-in", self.file("signature", signature),
                           "-pkeyopt", "rsa_padding_mode:pkcs1")
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout


class Socket(CardTest):
    def test_atr_is_that_of_the_contact_card(self):
        self.assertEqual(self.start().atr(), ATR)

    def test_an_apdu_takes_less_than_the_40_ms_of_a_delayed_ack(self):
        reader = self.start()
        start = time.monotonic()
        for _ in range(50):
            reader.sw(select_ap())
        self.assertLess(time.monotonic() - start, 50 * 0.020)

    def test_card_comes_back_when_the_reader_closes(self):
        reader = self.start()
        reader.accept()
        self.assertEqual(reader.atr(), ATR)

    def test_card_waits_for_a_reader(self):
        reader = self.start()
        address = reader.server.getsockname()
        reader.server.close()
        reader.connection.close()
        time.sleep(PAUSE)
        reader.server = socket.create_server(address)
        reader.server.settimeout(PATIENCE)
        reader.accept()
        self.assertEqual(reader.atr(), ATR)

    def test_several_messages_in_one_segment_are_all_served(self):
        reader = self.start()
        apdu = bytes.fromhex(select_ap())
        reader.connection.sendall((struct.pack(">H", len(apdu)) + apdu) * 3 + b"\0\1\4")
        self.assertEqual([reader.receive() for _ in range(4)], [b"\x90\x00"] * 3 + [ATR])

    def test_a_message_in_single_bytes_is_served(self):
        reader = self.start()
        apdu = bytes.fromhex(select_ap())
        for byte in struct.pack(">H", len(apdu)) + apdu:
            reader.connection.sendall(bytes([byte]))
        self.assertEqual(reader.receive(), b"\x90\x00")

    def test_hostile_messages_do_not_end_the_card(self):
        reader = self.start_jpki()
        reader.send(b"")
        reader.send(b"\x7f")
        for body in (b"\x00\xa4", b"\x00\xb0\x00", bytes(0xffff), b"\xff" * 300,
                     bytes.fromhex("00A4040CFF00"), bytes.fromhex("00A4040C00000A")):
            reader.send(body)
            self.assertIn(reader.receive(), (b"\x67\x00", b"\x6e\x00", b"\x68\x81"))
        self.assertEqual(reader.sw(select_ap()), "9000")

    def test_a_card_without_power_is_mute(self):
        reader = self.start()
        reader.power_off()
        self.assertEqual(reader.answer(select_ap()), (b"", ""))


class Selection(CardTest):
    def test_unknown_applications_and_files_are_not_found(self):
        reader = self.start_jpki()
        self.expect(reader, "6A82", select_ap("A0000000031010"), select_ap(JPKI_AID + "00"),
                    select_ef("3F00"), select_ef("0003"))
        self.expect(reader, "6A86", "00A40000", select_ef("0018").replace("00A4020C", "00A4000C"))

    def test_a_prefix_of_the_aid_selects(self):
        reader = self.start()
        self.expect(reader, "9000", select_ap(JPKI_AID[:10]), select_ef(AUTH_PIN_EF))

    def test_files_exist_in_the_jpki_application_only(self):
        reader = self.start()
        self.expect(reader, "6A86", select_ef(AUTH_PIN_EF))
        self.expect(reader, "6D00", "00200080")
        self.expect(reader, "9000", select_ap(), select_ef(AUTH_PIN_EF), select_ap(ISD_AID))
        self.expect(reader, "6A86", select_ef(AUTH_PIN_EF))

    def test_all_files_of_the_card_can_be_selected(self):
        reader = self.start_jpki()
        for ef in ("0001 0002 0005 0006 0008 0009 000A 000B 0010 0016 0017 0018 0019 001A 001B "
                   "001C 001E").split():
            self.expect(reader, "9000", select_ef(ef))

    def test_classes_and_instructions_that_a_card_refuses(self):
        reader = self.start_jpki()
        self.expect(reader, "6881", "01A40000", "01200080")
        self.expect(reader, "6882", "04A4040C", "0CA4040C")
        self.expect(reader, "69FC", "0CB0000000", "0C200080")
        self.expect(reader, "6E00", "80200080", "E0200080", "002A0080")
        self.expect(reader, "6D00", "00CA000000", "002C0080", "00C0000000")

    def test_a_card_without_jpki_has_the_other_applications(self):
        reader = self.start("--not-jpki")
        self.expect(reader, "6A82", select_ap())
        self.expect(reader, "9000", select_ap(COMMON_AID))

    def test_challenge_is_random_and_as_long_as_asked(self):
        reader = self.start_jpki()
        first, second = (self.expect(reader, "9000", "0084000000") for _ in range(2))
        self.assertEqual((len(first), len(second)), (256, 256))
        self.assertNotEqual(first, second)
        self.assertEqual(len(self.expect(reader, "9000", "0084000008")), 8)


class Reading(CardTest):
    def test_certificates_are_those_of_the_pki_then_filler(self):
        reader = self.start_jpki()
        self.use_sign_key(reader)
        for ef, name in (("0001", "sign"), ("0002", "sign-ca"), ("000A", "auth"),
                         ("000B", "auth-ca")):
            self.assertEqual(read_all(reader, ef),
                             (self.pki / f"{name}.der").read_bytes() + b"\xff" * 64)

    def test_filler_can_be_left_out(self):
        reader = self.start_jpki("--filler", "0")
        self.assertEqual(read_all(reader, "000A"), (self.pki / "auth.der").read_bytes())

    def test_sign_certificate_needs_the_sign_pin(self):
        reader = self.start_jpki()
        self.expect(reader, "9000", select_ef("0001"))
        self.expect(reader, "6982", "00B0000004")
        self.use_auth_key(reader)
        self.expect(reader, "6982", "00B0810004")
        self.use_sign_key(reader)
        self.expect(reader, "9000", "00B0810004")

    def test_short_identifier_reads_and_selects(self):
        reader = self.start_jpki()
        self.assertEqual(self.expect(reader, "9000", "00B0880003"), bytes.fromhex("8F8F00"))
        self.assertEqual(self.expect(reader, "9000", "00B0000100"), bytes.fromhex("8F00"))
        self.expect(reader, "6A86", "00B0800004", "00B0E80003")
        self.expect(reader, "6A82", "00B0830004")

    def test_ends_of_files(self):
        reader = self.start_jpki()
        self.assertEqual(len(self.expect(reader, "9000", "00B0869600")), 10)
        self.expect(reader, "6B00", "00B000A000", "00B07FFF00")
        self.expect(reader, "6700", "00B00000")

    def test_files_that_cannot_be_read(self):
        reader = self.start_jpki()
        self.expect(reader, "6986", "00B0000004")
        self.expect(reader, "6981", "00B0970004", "00B0980004")
        self.expect(reader, "6982", "00B0890004")

    def test_token_info_names_the_type(self):
        for kind, label in (("mynumber-card", b"JPKIAPICCTOKEN2"), ("juki-card", b"JPKIAPICCTOKEN"),
                            ("android-phone", b"JPKIAPGPSETOKEN"), ("iphone", b"JPKIAPIOSTOKEN")):
            reader = self.start_jpki("--type", kind)
            info = read_all(reader, "0006")
            reader.close()
            self.assertEqual(len(info), 160)
            self.assertEqual(info[:32], label.ljust(32))
            self.assertEqual(info[96:100], bytes.fromhex("0000040D"))

    def test_child_has_no_sign_certificate(self):
        reader = self.start_jpki("--child")
        self.assertEqual(read_all(reader, "0008"), bytes.fromhex("008F00"))
        self.use_sign_key(reader)
        self.assertEqual(read_all(reader, "0001"), b"\xff" * 64)
        self.assertEqual(read_all(reader, "000A")[:2], b"\x30\x82")

    def test_childs_sign_certificate_can_be_an_empty_file(self):
        reader = self.start_jpki("--child", "--filler", "0")
        self.use_sign_key(reader)
        self.expect(reader, "6B00", "00B0810004")

    def test_phones_keep_the_auth_certificate_behind_the_pin(self):
        for kind in ("android-phone", "iphone"):
            reader = self.start_jpki("--type", kind)
            self.expect(reader, "6982", "00B08A0004")
            self.expect(reader, "9000", verify("1234", "98"), "00B08A0004")
            self.expect(reader, "6A82", select_ap(COMMON_AID))
            reader.close()

    def test_only_the_iphone_indicates_its_last_command(self):
        self.expect(self.start_jpki(), "6700", "80FC0000")
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.expect(self.start_jpki("--type", "iphone"), "9000", "80FC0000")

    def test_answers_can_be_short(self):
        reader = self.start_jpki("--short-answers", "100")
        self.assertEqual(len(self.expect(reader, "9000", "00B08A0000")), 100)
        self.assertEqual(len(self.expect(reader, "9000", "00B08A0004")), 4)

    def test_answers_can_be_empty(self):
        reader = self.start_jpki("--short-answers", "0")
        self.assertEqual(self.expect(reader, "9000", "00B08A0000"), b"")

    def test_file_end_can_be_a_warning(self):
        reader = self.start_jpki("--end-6282")
        self.assertEqual(self.expect(reader, "6282", "00B0880000"), bytes.fromhex("8F8F00"))
        self.expect(reader, "9000", "00B0880003", "00B0880002")

    def test_content_can_be_replaced(self):
        junk = self.file("junk", b"\x30\x82\xff\xff junk")
        reader = self.start_jpki("--certificate", f"000A={junk}")
        self.assertEqual(read_all(reader, "000A"), junk.read_bytes())
        self.assertEqual(read_all(reader, "000B")[:2], b"\x30\x82")


class Pins(CardTest):
    def test_query_tells_the_tries(self):
        reader = self.start_jpki()
        self.expect(reader, "6986", "00200080")
        self.expect(reader, "9000", select_ef(AUTH_PIN_EF))
        self.expect(reader, "63C3", "00200080", "00200098")
        self.expect(reader, "63C5", "0020009B", "00200080")

    def test_query_of_another_form_is_refused(self):
        reader = self.start_jpki()
        self.expect(reader, "6700", "0020009800")
        self.expect(reader, "6A86", "00200000", "00200180", "002000C0")
        self.expect(reader, "6981", "00200097", "0020008A")
        self.expect(reader, "6A82", "00200083")

    def test_tries_run_down_to_blocked_and_survive_a_restart(self):
        reader = self.start_jpki()
        self.expect(reader, "63C2", verify("0000", "98"))
        reader.close()
        reader = self.start_jpki()
        self.expect(reader, "63C2", "00200098")
        self.expect(reader, "63C1", verify("123", "98"))
        self.expect(reader, "63C0", verify("12345", "98"))
        self.expect(reader, "6984", verify("1234", "98"), "00200098")
        self.expect(reader, "63C5", "0020009B")
        self.assertEqual(reader.ask("tries"), "auth 0 sign 5 reset 10")
        reader.close()
        self.expect(self.start_jpki("--blocked-sw", "6983"), "6983", verify("1234", "98"))

    def test_power_does_not_bring_tries_back(self):
        reader = self.start_jpki()
        self.expect(reader, "63C4", verify("abc123", "9B"))
        reader.power_off()
        reader.power_on()
        self.expect(reader, "9000", select_ap())
        self.expect(reader, "63C4", "0020009B")

    def test_blocked_can_be_63c0(self):
        reader = self.start_jpki("--blocked-sw", "63C0")
        for left in "210":
            self.expect(reader, "63C" + left, verify("0000", "98"))
        self.expect(reader, "63C0", verify("1234", "98"), "00200098")

    def test_right_pin_brings_the_tries_back(self):
        reader = self.start_jpki()
        for left in "4321":
            self.expect(reader, "63C" + left, verify("WRONG1", "9B"))
        self.expect(reader, "9000", verify("ABC123", "9B"))
        self.expect(reader, "63C5", "0020009B")

    def test_query_while_verified_can_be_9000(self):
        reader = self.start_jpki("--query-9000")
        self.expect(reader, "63C3", "00200098")
        self.expect(reader, "9000", verify("1234", "98"), "00200098")
        self.expect(reader, "63C5", "0020009B")

    def test_first_pins_come_from_files(self):
        reader = self.start_jpki("--auth-pin-file", self.file("auth", "9876\n"),
                                 "--sign-pin-file", self.file("sign", "XYZ9XYZ9XYZ9XYZ9"))
        self.expect(reader, "9000", verify("9876", "98"), verify("XYZ9XYZ9XYZ9XYZ9", "9B"))

    def test_a_damaged_state_is_not_used(self):
        for text in ("", "auth 4 1234\nsign 5 ABC123\nreset 10\n", "auth 3 12345\n"):
            self.file("state", text)
            run = subprocess.run([PROGRAM, "--pki", self.pki, "--state", self.folder / "state"],
                                 capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual(run.returncode, 1)
            self.assertEqual((self.folder / "state").read_text(), text)


class VerifiedState(CardTest):
    hash_info = SHA256_DIGEST_INFO + bytes(32)

    def check_kept(self, reader, kept):
        self.assertEqual(reader.ask("verified"), "auth yes sign no" if kept else "auth no sign no")
        self.expect(reader, "9000", select_ap(), select_ef(AUTH_KEY_EF))
        self.expect(reader, "9000" if kept else "6982", sign(self.hash_info))

    def test_one_verify_serves_many_signatures(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "9000", sign(self.hash_info), sign(self.hash_info))

    def test_it_survives_warm_reset_and_selection_of_jpki(self):
        reader = self.start()
        self.use_auth_key(reader)
        reader.reset()
        self.expect(reader, "6D00", sign(self.hash_info))
        self.check_kept(reader, True)

    def test_it_survives_an_unknown_application(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "6A82", select_ap("A0000000031010"))
        self.expect(reader, "9000", sign(self.hash_info))
        self.check_kept(reader, True)

    def test_other_applications_end_it(self):
        for aid in (ISD_AID, COMMON_AID):
            reader = self.start()
            self.use_auth_key(reader)
            self.expect(reader, "9000", select_ap(aid))
            self.check_kept(reader, False)
            reader.close()

    def test_power_off_ends_it(self):
        reader = self.start()
        self.use_auth_key(reader)
        reader.power_off()
        reader.power_on()
        self.check_kept(reader, False)

    def test_power_on_of_a_powered_card_changes_nothing(self):
        reader = self.start()
        self.use_auth_key(reader)
        reader.power_on()
        self.expect(reader, "9000", sign(self.hash_info))

    def test_leaving_the_reader_ends_it(self):
        reader = self.start()
        self.use_auth_key(reader)
        reader.accept()
        reader.power_on()
        self.check_kept(reader, False)

    def test_a_wrong_pin_ends_it(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "63C2", verify("0000", "98"))
        self.check_kept(reader, False)

    def test_each_pin_opens_its_own_key_only(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "6982", sign(self.hash_info, p2="9A"))
        self.expect(reader, "9000", sign(self.hash_info, p2="97"))


class Signing(CardTest):
    data = b"what is to be signed " * 5

    def signature(self, reader, data, p1="00"):
        signature = self.expect(reader, "9000", sign(data, p1))
        self.assertEqual(len(signature), 256)
        return signature

    def test_p1_00_pads_what_it_gets(self):
        reader = self.start()
        self.use_auth_key(reader)
        info = SHA256_DIGEST_INFO + hashlib.sha256(self.data).digest()
        self.assertTrue(self.openssl_accepts("auth", self.signature(reader, info), self.data))
        for data in (b"\x00", b"\xa5" * 245):
            self.assertEqual(self.openssl_recovers("auth", self.signature(reader, data)), data)
        self.expect(reader, "6985", sign(b"\xa5" * 246), sign(b""))

    def test_p1_00_with_the_sign_key(self):
        reader = self.start()
        self.use_sign_key(reader)
        info = SHA256_DIGEST_INFO + hashlib.sha256(self.data).digest()
        signature = self.signature(reader, info)
        self.assertTrue(self.openssl_accepts("sign", signature, self.data))
        self.assertFalse(self.openssl_accepts("auth", signature, self.data))

    def test_p1_01_hashes_and_pads_the_bare_hash(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.assertEqual(self.openssl_recovers("auth", self.signature(reader, self.data, "01")),
                         hashlib.sha256(self.data).digest())

    def test_p1_02_adds_the_digest_info(self):
        reader = self.start()
        self.use_auth_key(reader)
        signature = self.signature(reader, hashlib.sha256(self.data).digest(), "02")
        self.assertTrue(self.openssl_accepts("auth", signature, self.data))
        self.expect(reader, "6985", sign(bytes(31), "02"), sign(bytes(33), "02"))

    def test_p1_03_hashes_and_adds_the_digest_info(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.assertTrue(self.openssl_accepts("auth", self.signature(reader, self.data, "03"),
                                             self.data))

    def test_p1_04_and_05_make_pss(self):
        pss = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32",
               "-sigopt", "rsa_mgf1_md:sha256")
        reader = self.start()
        self.use_auth_key(reader)
        signature = self.signature(reader, hashlib.sha256(self.data).digest(), "04")
        self.assertTrue(self.openssl_accepts("auth", signature, self.data, *pss))
        self.expect(reader, "6985", sign(bytes(20), "04"))
        self.assertTrue(self.openssl_accepts("auth", self.signature(reader, self.data, "05"),
                                             self.data, *pss))

    def test_other_p1_are_refused(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "6A86", sign(bytes(32), "06"), sign(bytes(32), "FF"))

    def test_the_current_file_must_be_the_key(self):
        reader = self.start_jpki()
        self.expect(reader, "6986", sign(bytes(32)))
        self.expect(reader, "9000", verify("1234", "98"))
        self.expect(reader, "6981", sign(bytes(32)))
        self.expect(reader, "9000", select_ef(AUTH_KEY_EF), sign(bytes(32)))

    def test_an_answer_that_le_does_not_hold_is_refused(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.expect(reader, "6700", command("802A0080", bytes(32)),
                    command("802A0080", bytes(32), 255))

    def test_a_signature_can_be_corrupt(self):
        reader = self.start("--corrupt-signature")
        self.use_auth_key(reader)
        self.assertFalse(self.openssl_accepts("auth", self.signature(reader, self.data, "03"),
                                              self.data))

    def test_a_signature_can_be_of_the_other_key(self):
        reader = self.start("--wrong-key")
        self.use_auth_key(reader)
        signature = self.signature(reader, self.data, "03")
        self.assertFalse(self.openssl_accepts("auth", signature, self.data))
        self.assertTrue(self.openssl_accepts("sign", signature, self.data))


class Changing(CardTest):
    def test_change_needs_the_old_pin(self):
        reader = self.start_jpki()
        self.expect(reader, "9000", select_ef(AUTH_PIN_EF))
        self.expect(reader, "6982", change("5678"))
        self.expect(reader, "9000", verify("1234"), change("5678"))
        self.expect(reader, "63C2", verify("1234"))
        reader.close()
        self.expect(self.start_jpki(), "9000", verify("5678", "98"), change("0000", "98"),
                    verify("0000", "98"))

    def test_only_p1_01_changes(self):
        reader = self.start_jpki()
        self.expect(reader, "9000", verify("1234", "98"))
        self.expect(reader, "6A86", command("00240080", b"12345678"))

    def test_card_enforces_the_formats(self):
        reader = self.start_jpki()
        self.expect(reader, "9000", verify("1234", "98"), verify("ABC123", "9B"))
        self.expect(reader, "6A80", *[change(pin, "98") for pin in
                                      ("123", "12345", "12a4", "", "１")])
        self.expect(reader, "6A80", *[change(pin, "9B") for pin in
                                      ("AB123", "A" * 16 + "1", "ABCDEF", "123456", "abc123",
                                       "ABC12!")])
        self.expect(reader, "9000", change("A2345678901234567"[:16], "9B"), verify("1234", "98"))

    def test_reset_code_sets_a_blocked_pin(self):
        code = self.file("code", "KEY007\n")
        reader = self.start_jpki("--reset-code-file", code)
        for left in "210":
            self.expect(reader, "63C" + left, verify("0000", "98"))
        self.expect(reader, "6984", verify("1234", "98"))
        self.expect(reader, "63C9", reset_pin("KEY008", "5678"))
        self.assertEqual(reader.ask("tries"), "auth 0 sign 5 reset 9")
        self.expect(reader, "6A80", reset_pin("KEY007", "567"))
        self.expect(reader, "9000", reset_pin("KEY007", "5678", "98"))
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")
        self.assertEqual(reader.ask("verified"), "auth no sign no")
        self.expect(reader, "9000", verify("5678"))

    def test_a_reset_pin_is_not_verified(self):
        reader = self.start_jpki("--reset-code-file", self.file("code", "KEY007"))
        self.expect(reader, "9000", verify("1234", "98"), reset_pin("KEY007", "5678"))
        self.assertEqual(reader.ask("verified"), "auth no sign no")

    def test_reset_code_has_ten_tries_that_survive_a_restart(self):
        code = self.file("code", "KEY007")
        reader = self.start_jpki("--reset-code-file", code)
        for left in "98765":
            self.expect(reader, "63C" + left, reset_pin("WRONG0", "5678", "98"))
        reader.close()
        reader = self.start_jpki("--reset-code-file", code)
        for left in "43210":
            self.expect(reader, "63C" + left, reset_pin("KEY", "", "98"))
        self.expect(reader, "6984", reset_pin("KEY007", "5678", "98"))

    def test_reset_needs_a_pin_file(self):
        reader = self.start_jpki("--reset-code-file", self.file("code", "KEY007"))
        self.expect(reader, "6986", reset_pin("KEY007", "5678"))
        self.expect(reader, "6981", reset_pin("KEY007", "5678", "97"))
        self.expect(reader, "6A86", command("002C0198", b"KEY0075678"))
        self.expect(reader, "6700", "002C009801")

    def test_an_empty_reset_tells_the_tries_of_the_code_and_spends_none(self):
        code = self.file("code", "KEY007")
        reader = self.start_jpki("--reset-code-file", code, "--blocked-sw", "6983")
        self.expect(reader, "63CA", "002C0098", "002C009B", "002C0098")
        self.expect(reader, "63C9", reset_pin("KEY008", "5678", "98"))
        self.expect(reader, "9000", select_ef(SIGN_PIN_EF))
        self.expect(reader, "63C9", "002C0080")
        for left in "876543210":
            self.expect(reader, "63C" + left, reset_pin("KEY008", "5678", "98"))
        self.expect(reader, "6983", "002C0098")
        self.expect(reader, "6981", "002C0097")

    def test_a_reset_code_is_told_by_the_label_of_the_card_alone(self):
        code = self.file("code", "KEY007")
        for kind, label in (("mynumber-card", b"JPKIAPICCTOKEN3"),
                            ("android-phone", b"JPKIAPGPSETOKEN")):
            reader = self.start_jpki("--reset-code-file", code, "--type", kind)
            self.assertEqual(self.expect(reader, "9000", "00B0860020"), label.ljust(32))
            reader.close()

    def test_a_reset_needs_a_new_pin_of_the_format_and_fills_the_codes_counter(self):
        reader = self.start_jpki("--reset-code-file", self.file("code", "KEY007"))
        self.expect(reader, "63C9", reset_pin("KEY008", "5678", "98"))
        self.expect(reader, "6A80", *[reset_pin("KEY007", pin, "98") for pin in
                                      ("", "567", "56789", "567a")])
        self.expect(reader, "6A80", *[reset_pin("KEY007", pin, "9B") for pin in
                                      ("", "AB123", "ABCDEF", "abc123", "A" * 16 + "1")])
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")
        self.expect(reader, "9000", verify("1234", "98"), verify("ABC123", "9B"))

    def test_todays_cards_do_not_know_a_reset(self):
        reader = self.start_jpki()
        self.expect(reader, "6D00", "002C0098", reset_pin("KEY007", "5678", "98"))


class Habits(CardTest):
    def test_without_short_identifiers(self):
        reader = self.start_jpki("--no-short-ef")
        self.expect(reader, "6A86", "00B08A0004", verify("1234", "98"), "00200098",
                    sign(bytes(32), p2="97"), change("5678", "98"))
        self.use_auth_key(reader)
        self.expect(reader, "9000", sign(bytes(32)))
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")

    def test_first_command_after_power_up_is_lost(self):
        reader = self.start("--first-6f00")
        self.expect(reader, "6F00", select_ap())
        self.expect(reader, "9000", select_ap())
        reader.reset()
        self.expect(reader, "9000", select_ap())
        reader.power_off()
        reader.power_on()
        self.expect(reader, "6F00", select_ap())
        self.expect(reader, "9000", select_ap())

    def test_wrong_le_gets_the_right_one(self):
        reader = self.start_jpki("--le-6cxx")
        self.expect(reader, "6C03", "00B0880000")
        self.expect(reader, "9000", "00B0880003")
        self.use_auth_key(reader)
        self.expect(reader, "6C00", command("802A0080", bytes(32), 128))
        self.expect(reader, "9000", sign(bytes(32)))

    def test_data_goes_by_get_response(self):
        reader = self.start_jpki("--get-response")
        self.expect(reader, "6103", "00B0880003")
        self.assertEqual(self.expect(reader, "6102", "00C0000001"), b"\x8f")
        self.assertEqual(self.expect(reader, "9000", "00C0000002"), b"\x8f\x00")
        self.expect(reader, "6985", "00C0000000")
        self.use_auth_key(reader)
        self.expect(reader, "6100", sign(b"data", "03"))
        signature = self.expect(reader, "9000", "00C0000000")
        self.assertTrue(self.openssl_accepts("auth", signature, b"data"))

    def test_held_data_is_gone_after_another_command(self):
        reader = self.start_jpki("--get-response")
        self.expect(reader, "6103", "00B0880003")
        self.expect(reader, "9000", select_ef("0008"))
        self.expect(reader, "6985", "00C0000003")

    def test_delay_is_kept(self):
        reader = self.start("--delay", "150")
        start = time.monotonic()
        reader.sw(select_ap())
        self.assertGreaterEqual(time.monotonic() - start, 0.150)


class Control(CardTest):
    def test_pull_and_insert(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.assertEqual(reader.ask("pull"), "ok")
        with self.assertRaises(CardGone):
            reader.atr()
        self.assertEqual(reader.ask("verified"), "auth no sign no")
        reader.server.settimeout(PAUSE)
        with self.assertRaises(TimeoutError):
            reader.accept()
        reader.server.settimeout(PATIENCE)
        self.assertEqual(reader.ask("insert"), "ok")
        reader.accept()
        self.assertEqual(reader.atr(), ATR)

    def test_pull_before_a_command_spares_the_counter(self):
        reader = self.start_jpki()
        self.assertEqual(reader.ask("at 20 pull"), "ok")
        with self.assertRaises(CardGone):
            reader.sw(verify("0000", "98"))
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")

    def test_pull_after_a_command_loses_the_answer_only(self):
        reader = self.start_jpki()
        self.assertEqual(reader.ask("after 20 pull"), "ok")
        with self.assertRaises(CardGone):
            reader.sw(verify("0000", "98"))
        self.assertEqual(reader.ask("tries"), "auth 2 sign 5 reset 10")

    def test_power_loss_brings_back_a_card_that_has_forgotten(self):
        reader = self.start()
        self.use_auth_key(reader)
        self.assertEqual(reader.ask("at 2A power-loss"), "ok")
        with self.assertRaises(CardGone):
            reader.sw(sign(bytes(32)))
        reader.accept()
        reader.power_on()
        self.expect(reader, "6D00", sign(bytes(32)))
        self.assertEqual(reader.ask("verified"), "auth no sign no")

    def test_a_pin_can_be_set_with_all_its_tries(self):
        reader = self.start_jpki()
        self.expect(reader, "63C2", verify("0000", "98"))
        self.assertEqual(reader.ask("set auth 5678"), "ok")
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")
        self.expect(reader, "9000", verify("5678", "98"))
        for line in ("set auth 56789", "set sign 5678", "set reset 5678"):
            self.assertTrue(reader.ask(line).startswith("error"), line)

    def test_a_status_word_can_be_thrown_in_once(self):
        reader = self.start_jpki()
        self.assertEqual(reader.ask("at 20 sw 6581 skip 1"), "ok")
        self.expect(reader, "63C3", "00200098")
        self.expect(reader, "9000", select_ap())
        self.expect(reader, "6581", verify("0000", "98"))
        self.expect(reader, "63C3", "00200098")

    def test_a_status_word_can_replace_the_answer(self):
        reader = self.start_jpki()
        self.assertEqual(reader.ask("after 20 sw 6F00"), "ok")
        self.expect(reader, "6F00", verify("1234", "98"))
        self.assertEqual(reader.ask("verified"), "auth yes sign no")

    def test_several_faults_wait_side_by_side(self):
        reader = self.start_jpki()
        for line in ("at 20 sw 6F01", "at 20 sw 6F02", "at A4 sw 6F03"):
            self.assertEqual(reader.ask(line), "ok")
        self.expect(reader, "6F01", "00200098")
        self.expect(reader, "6F03", select_ap())
        self.expect(reader, "6F02", "00200098")
        self.expect(reader, "63C3", "00200098")

    def test_hang_holds_the_command_and_serves_control(self):
        for hang in ("hang", "at 20 hang"):
            reader = self.start_jpki()
            self.assertEqual(reader.ask(hang), "ok")
            reader.send(bytes.fromhex(verify("0000", "98")))
            self.assertFalse(reader.answers_within(PAUSE))
            self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")
            self.assertEqual(reader.ask("resume"), "ok")
            self.assertEqual(reader.receive().hex(), "63c2")
            self.expect(reader, "9000", verify("1234", "98"))
            reader.close()

    def test_a_hanging_card_can_be_pulled_or_lose_its_reader(self):
        reader = self.start_jpki()
        reader.ask("hang")
        reader.send(bytes.fromhex(verify("0000", "98")))
        self.assertFalse(reader.answers_within(PAUSE))
        reader.accept()
        reader.send(bytes.fromhex(verify("0000", "98")))
        self.assertFalse(reader.answers_within(PAUSE))
        self.assertEqual(reader.ask("pull"), "ok")
        with self.assertRaises(CardGone):
            reader.receive()
        self.assertEqual(reader.ask("tries"), "auth 3 sign 5 reset 10")

    def test_delay_can_be_changed(self):
        reader = self.start()
        self.assertEqual(reader.ask("delay 150"), "ok")
        start = time.monotonic()
        reader.sw(select_ap())
        self.assertGreaterEqual(time.monotonic() - start, 0.150)

    def test_apdus_are_counted(self):
        reader = self.start()
        self.assertEqual(reader.ask("count"), "0")
        self.use_auth_key(reader)
        self.assertEqual(reader.ask("count"), "4")
        self.assertEqual(reader.ask("clear-count"), "ok")
        self.assertEqual(reader.ask("count"), "0")

    def test_wrong_lines_are_errors(self):
        reader = self.start()
        for line in ("", "no", "at", "at 20", "at 1FF pull", "at 20 no", "at 20 sw", "at 20 sw 0",
                     "at 20 pull skip", "after 20 hang", "delay x", "delay -1", "pull 1",
                     "a b c d e f g h i j k"):
            self.assertRegex(reader.ask(line), "^error .", line)
        self.assertEqual(reader.ask("count"), "0")


class Record(CardTest):
    def test_lines_tell_everything_but_secrets(self):
        reader = self.start("--reset-code-file", self.file("code", "KEY007"))
        self.use_auth_key(reader)
        self.expect(reader, "9000", sign(b"\xab\xcd"), change("5678", "98"),
                    reset_pin("KEY007", "6789", "98"))
        reader.sw(command("80320080", b"4321"))
        reader.send(bytes.fromhex("0020008008") + b"4321")
        reader.receive()
        reader.reset()
        reader.power_off()
        reader.ask("pull")
        self.assertEqual(reader.record(), [
            "insert", "power-on",
            f"apdu 00A4040C 10 - 9000 0 {JPKI_AID}",
            "apdu 00A4020C 2 - 9000 0 0018",
            "apdu 00200080 4 - 9000 0 -",
            "apdu 00A4020C 2 - 9000 0 0017",
            "apdu 802A0080 2 256 9000 256 ABCD",
            "apdu 00240198 4 - 9000 0 -",
            "apdu 002C0098 10 - 9000 0 -",
            "apdu 80320080 4 - 6D00 0 -",
            "apdu 00200080 ? - 6700 0 -",
            "reset", "power-off", "pull"])

    def test_unanswered_commands_are_recorded(self):
        reader = self.start_jpki()
        reader.ask("after 20 pull")
        with contextlib.suppress(CardGone):
            reader.sw(verify("0000", "98"))
        self.assertEqual(reader.record()[-2:], ["apdu 00200098 4 - - - -", "pull"])

    def test_times_rise(self):
        reader = self.start_jpki()
        for _ in range(5):
            reader.sw("00200098")
        times = [int(line.split()[0]) for line in reader.record_path.read_text().splitlines()]
        self.assertEqual(times, sorted(times))
        self.assertLess(abs(times[-1] / 1e6 - time.monotonic()), 5)


class Pki(CardTest):
    def text(self, name, folder=None):
        run = self.openssl("x509", "-inform", "DER", "-in", (folder or self.pki) / f"{name}.der",
                           "-noout", "-text", "-nameopt", "RFC2253,utf8,-esc_msb")
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout.decode()

    def check_pem(self, name):
        path = self.folder / f"{name}.pem"
        self.openssl("x509", "-inform", "DER", "-in", self.pki / f"{name}.der", "-out", path)
        return path

    def test_holders_certificates_chain_to_their_own_ca(self):
        for name, other in (("auth", "sign"), ("sign", "auth")):
            leaf = self.check_pem(name)
            strict = ("verify", "-x509_strict", "-CAfile")
            run = self.openssl(*strict, self.check_pem(name + "-ca"), leaf)
            self.assertEqual(run.returncode, 0, run.stderr)
            run = self.openssl(*strict, self.check_pem(other + "-ca"), leaf)
            self.assertNotEqual(run.returncode, 0)

    def test_auth_certificate_has_the_profiles_shape(self):
        text = self.text("auth")
        self.assertRegex(text, r"Subject: CN=[0-9A-Z]{22,23},C=JP\n")
        self.assertRegex(text, r"Key Usage: critical\n\s+Digital Signature\n")
        self.assertRegex(text, r"Extended Key Usage: \n\s+TLS Web Client Authentication\n")
        self.assertRegex(text, r"Policies: critical\n\s+Policy: 1\.2\.392\.200149\.8\.5\.1\.3\.30")
        self.assertNotIn("Subject Alternative Name", text)

    def test_sign_certificate_has_the_profiles_shape(self):
        text = self.text("sign")
        self.assertRegex(text, r"Subject: CN=[0-9A-Z]{22,23},L=[^,]+,L=[^,]+,C=JP\n")
        self.assertRegex(text, r"Key Usage: critical\n\s+Digital Signature, Non Repudiation\n")
        self.assertRegex(text, r"Policies: critical\n\s+Policy: 1\.2\.392\.200149\.8\.5\.1\.1\.20")
        self.assertNotIn("Extended Key Usage", text)

    def test_sign_certificate_names_the_holder(self):
        names = [line for line in self.text("sign").splitlines() if "othername" in line][0]
        names = names.replace("::", ":")  # OpenSSL before 3.4 writes two colons.
        fields = [name.removeprefix("othername: ").split(":") for name in names.strip().split(", ")]
        self.assertEqual([key.rsplit(".", 1)[1] for key, _ in fields], list("143526"))
        by_number = {key.rsplit(".", 1)[1]: value for key, value in fields}
        self.assertEqual(by_number["1"], "公的　花子")
        self.assertRegex(by_number["2"], "^0*10*$")
        self.assertEqual(len(by_number["1"]), len(by_number["2"]))
        self.assertEqual(len(by_number["5"]), len(by_number["6"]))
        self.assertRegex(by_number["4"], r"^4199\d{5}$")

    def test_sizes_are_those_of_real_certificates(self):
        for name in ("auth", "sign"):
            self.assertTrue(1400 <= (self.pki / f"{name}.der").stat().st_size <= 2000)

    def test_validity_ends_with_a_day_in_japan(self):
        self.assertRegex(self.text("auth"), r"Not After : \w+ +\d+ 14:59:59 20\d\d GMT")
        for day, end in (("2027-01-31", "Jan 31 14:59:59 2027 GMT"),
                         ("2020-02-29", "Feb 29 14:59:59 2020 GMT")):
            folder = self.folder / day
            subprocess.run([PROGRAM, "--pki", folder, "--make-pki", "--not-after", day], check=True)
            for name in ("auth", "sign"):
                self.assertIn(f"Not After : {end}", self.text(name, folder))

    def test_two_cards_that_start_at_once_share_one_pki(self):
        folder = self.folder / "fresh"
        starts = [subprocess.Popen([PROGRAM, "--pki", folder, "--make-pki"]) for _ in range(6)]
        self.assertEqual([start.wait(PATIENCE) for start in starts], [0] * 6)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["fresh"])
        self.assertEqual(len(list(folder.iterdir())), 8)

    def test_a_made_pki_is_not_made_again(self):
        before = (self.pki / "auth.der").read_bytes()
        subprocess.run([PROGRAM, "--pki", self.pki, "--make-pki"], check=True)
        self.assertEqual((self.pki / "auth.der").read_bytes(), before)

    def test_a_folder_of_other_things_is_left_alone(self):
        self.file("other", "thing")
        run = subprocess.run([PROGRAM, "--pki", self.folder, "--make-pki"], capture_output=True,
                             check=False)
        self.assertEqual(run.returncode, 1)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["other"])
        self.assertEqual(sorted(path.name for path in self.folder.parent.glob("*.??????")), [])


class Program(CardTest):
    def test_wrong_options_are_refused(self):
        for options in (["--port", "70000"], ["--type", "no"], ["--blocked-sw", "9000"],
                        ["--certificate", "0017=/dev/null"], ["--certificate", "000A"],
                        ["--not-after", "tomorrow"], ["--short-answers", "257"], ["word"]):
            run = subprocess.run([PROGRAM, "--pki", self.pki, "--make-pki", *options],
                                 capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual(run.returncode, 1, options)

    def test_it_ends_on_a_signal_and_takes_its_socket_away(self):
        reader = self.start()
        self.assertEqual(reader.close(), 0)
        self.assertFalse(reader.control_path.exists())


def setUpModule():
    unittest.addModuleCleanup(shutil.rmtree, CardTest.root)
    subprocess.run([PROGRAM, "--pki", CardTest.pki, "--make-pki"], check=True)


def main():
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(
        unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__]))
    bad = {test for test, _ in result.failures + result.errors}
    failed = len(bad)
    passed = result.testsRun - sum(isinstance(test, unittest.TestCase) for test in bad)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())

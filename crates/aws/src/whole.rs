//! EC2 and S3 answer in XML, and the SDK reads as much of an answer as there is: a list that was cut off
//! looks like a short list, a group without rules, a page without a next one. Whoever cuts answers off (a
//! proxy, say) must not close groups.

use aws_sdk_ec2::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;

/// Refuses a successful answer that does not end with the end of its document.
#[derive(Debug)]
pub(crate) struct WholeAnswer;

impl Intercept for WholeAnswer {
    fn name(&self) -> &'static str {
        "WholeAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if !response.status().is_success() || response.body().bytes().is_some_and(is_whole) {
            Ok(())
        } else {
            Err("the answer is cut off: it does not end with the end of its document".into())
        }
    }
}

/// Whether the document's last tag closes its root.
fn is_whole(document: &[u8]) -> bool {
    let name = |tag: &[u8]| {
        let end = tag.iter().position(|byte| !byte.is_ascii_alphanumeric());
        end.filter(|end| *end > 0).map(|end| tag[..end].to_vec())
    };
    // The first tag with a name: before it stands the declaration (`<?xml …?>`), if any.
    let root = document.split(|byte| *byte == b'<').find_map(name);
    let last = document.trim_ascii_end().rsplit(|byte| *byte == b'<').next();
    root.is_some_and(|root| last == Some(&[b"/", root.as_slice(), b">"].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_document_that_ends_is_whole() {
        for document in [
            "<DescribeXResponse xmlns=\"x\"><a><item/></a></DescribeXResponse>\n",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<List><a>b</a><c/></List>\n",
        ] {
            assert!(is_whole(document.as_bytes()));
            for end in 0..document.len() - 1 {
                assert!(!is_whole(&document.as_bytes()[..end]), "{}", &document[..end]);
            }
        }
        for other in ["", "<", "<>", "</>", "text", "{}", "<a>", "<a></b>", "<?xml?>"] {
            assert!(!is_whole(other.as_bytes()), "{other}");
        }
    }
}
